-- one row per HubSpot deal and second in which its stage, amount, close date or owner changed
{{ config(materialized='view') }}
{%- set properties = {
    'stage_key': 'dealstage',
    'amount': 'amount',
    'close_date': 'closedate',
    'owner_id': 'hubspot_owner_id',
} %}
with

deals as (

    select * from {{ ref('stg_hubspot__deals') }}
    where reject_reason is null

),

-- a history is exported whole each time: the last delivery of a change counts
told as (

    select
        source_id,
        opportunity_id,
        field,
        stage_key,
        amount,
        close_date,
        owner_id,
        changed_at,
        file_id,
        record,
        extracted_at
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

-- the end of a property's name is a stage's id only if there is such a stage
stages as (

    select
        source_id,
        stage_key
    from {{ ref('stg_hubspot__pipelines') }}
    where reject_reason is null
    union
    select
        source_id,
        stage_key
    from deals

),

entries as (

    select
        source_id,
        opportunity_id,
        file_id,
        record,
        extracted_at,
        unnest(stage_entries) as entry
    from deals

),

moved as (

    select distinct
        source_id,
        opportunity_id
    from told
    where field = 'dealstage'

),

-- a deal whose history nobody exported says itself when it entered its stages
entered as (

    select
        entries.source_id,
        entries.opportunity_id,
        entries.file_id,
        entries.record,
        entries.extracted_at,
        stages.stage_key,
        entries.entry.entered_at as changed_at
    from entries
    inner join stages
        on entries.source_id = stages.source_id
        and entries.entry.stage_key = stages.stage_key
    left join moved
        on entries.source_id = moved.source_id
        and entries.opportunity_id = moved.opportunity_id
    where moved.opportunity_id is null
    qualify
        row_number() over (
            partition by entries.source_id, entries.opportunity_id, entries.entry.entered_at
            order by
                entries.extracted_at desc,
                entries.file_id desc,
                entries.record desc,
                entries.entry.stage_key desc
        ) = 1

),

changes as (

    select * from told
    union all
    select
        source_id,
        opportunity_id,
        'dealstage' as field,
        stage_key,
        cast(null as double) as amount,
        cast(null as date) as close_date,
        cast(null as varchar) as owner_id,
        changed_at,
        file_id,
        record,
        extracted_at
    from entered

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
