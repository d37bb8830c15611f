-- one row per thing marketing's systems recorded of somebody outside the company by the as-of date
{%- set key = ['record_system', 'activity_id', 'activity_type'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

person_entries as (

    select * from {{ ref('act_person_entries') }}

),

email_persons as (

    select * from {{ ref('act_email_persons') }}

),

internal_domains as (

    select distinct lower(domain) as domain
    from {{ ref('stg_kura__internal_domains') }}

),

-- a record merged away before the first export has no row, but its winner names it
absorbed as (

    select
        record_system,
        record_key,
        unnest(absorbed_ids) as record_id
    from person_entries

),

marketing_ids as (

    select
        record_system,
        record_id,
        person_id
    from person_records
    where record_type = 'ma_person'

    union

    select
        absorbed.record_system,
        absorbed.record_id,
        person_records.person_id
    from absorbed
    inner join person_records
        on absorbed.record_key = person_records.record_key

),

delivered as (

    select * from {{ ref('stg_hubspot__form_submissions') }}
    where reject_reason is null

    union all by name

    select * from {{ ref('stg_hubspot__event_participations') }}
    where reject_reason is null

    union all by name

    select * from {{ ref('stg_hubspot__email_events') }}
    where reject_reason is null

    union all by name

    select * from {{ ref('stg_mapped__marketing_activities') }}
    where reject_reason is null

),

placed as (

    select
        delivered.*,
        {{ record_system('sources') }} as record_system,
        {{ normalise_email('delivered.email_raw') }} as email
    from delivered
    left join sources on delivered.source_id = sources.source_id

),

repeated as (

    select {{ key | join(', ') }}
    from placed
    group by {{ key | join(', ') }}
    having count(*) > 1

),

delivered_once as (

    select placed.*
    from placed
    anti join repeated
        on
            {% for column in key %}
            {{ 'and ' if not loop.first }}placed.{{ column }} = repeated.{{ column }}
            {% endfor %}

),

-- the same event delivered again is one, as it was told last; a participation whose state moved on is
-- one per state
told_last as (

    select placed.*
    from placed
    semi join repeated
        on
            {% for column in key %}
            {{ 'and ' if not loop.first }}placed.{{ column }} = repeated.{{ column }}
            {% endfor %}
    qualify
        row_number() over (
            partition by {{ key | join(', ') }}
            order by extracted_at desc, file_id desc, record desc
        ) = 1

),

distinct_activities as (

    select * from delivered_once

    union all by name

    select * from told_last

),

final as (

    select
        activities.record_system,
        activities.activity_id,
        activities.activity_type,
        activities.activity_at,
        {{ reporting_date('activities.activity_at') }}
            as activity_on,
        coalesce(marketing_ids.person_id, email_persons.person_id) as person_id,
        activities.person_id as marketing_person_id,
        activities.email,
        activities.program_id,
        activities.program_name,
        activities.asset_id,
        activities.asset_name,
        activities.send_key,
        activities.is_bot,
        activities.utm_source,
        activities.utm_medium,
        activities.utm_campaign,
        activities.source_id,
        activities.file_id,
        activities.record
    from distinct_activities as activities
    cross join settings
    left join marketing_ids
        on activities.record_system = marketing_ids.record_system
        and activities.person_id = marketing_ids.record_id
    left join email_persons on activities.email = email_persons.email
    left join internal_domains
        on split_part(activities.email, '@', 2) = internal_domains.domain
    where
        internal_domains.domain is null
        and {{ reporting_date('activities.activity_at') }}
        <= settings.as_of_date

)

select * from final
