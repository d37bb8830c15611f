-- one row per HubSpot deal and second in which its stage, amount, close date or owner changed
{{ config(materialized='view') }}
{%- set properties = {
    'stage_key': 'dealstage',
    'amount': 'amount',
    'close_date': 'closedate',
    'owner_id': 'hubspot_owner_id',
} %}
with

-- a history is exported whole each time: the last delivery of a change counts
changes as (

    select *
    from {{ ref('stg_hubspot__deal_property_history') }}
    where
        reject_reason is null
        and field in ('dealstage', 'amount', 'closedate', 'hubspot_owner_id')
    qualify
        row_number() over (
            partition by source_id, change_id
            order by extracted_at desc, file_id desc, record desc
        ) = 1

),

-- what is written in one second is one state: a new deal gets its properties one after the other
written_together as (

    select
        source_id,
        opportunity_id,
        max(changed_at) as snapshot_at,
        arg_max(file_id, changed_at) as file_id,
        arg_max(record, changed_at) as record,
        arg_max(extracted_at, changed_at) as extracted_at,
        {% for column, property in properties.items() %}
        arg_max({'value': {{ column }}}, changed_at) filter (where field = '{{ property }}')
            as {{ column }},
        {% endfor %}
    from changes
    group by source_id, opportunity_id, date_trunc('second', changed_at)

),

carried_on as (

    select
        source_id,
        opportunity_id,
        snapshot_at,
        file_id,
        record,
        extracted_at,
        {% for column in properties %}
        last_value({{ column }} ignore nulls) over so_far as {{ column }},
        {% endfor %}
        -- a history asked for without amounts says nothing of them
        count(amount) over (partition by source_id, opportunity_id) > 0 as is_amount_told,
    from written_together
    window so_far as (
        partition by source_id, opportunity_id
        order by snapshot_at
        rows between unbounded preceding and current row
    )

),

-- before its first stage a deal was none
snapshots as (

    select
        source_id,
        file_id,
        record,
        extracted_at,
        opportunity_id || '|' || epoch_ms(snapshot_at) as snapshot_id,
        opportunity_id,
        snapshot_at,
        {% for column in properties %}
        {{ column }}.value as {{ column }},
        {% endfor %}
        is_amount_told,
        false as is_deleted,
        cast(null as varchar) as reject_reason,
    from carried_on
    where stage_key.value is not null

)

select * from snapshots
