-- one row per thing a person did with marketing, or that marketing recorded of the person
with

settings as (

    select * from {{ ref('act_settings') }}

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

sources as (

    select * from {{ ref('act_sources') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

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

activities as (

    select * from {{ ref('stg_hubspot__form_submissions') }}
    where reject_reason is null

    union all by name

    select * from {{ ref('stg_hubspot__event_participations') }}
    where reject_reason is null

    union all by name

    select * from {{ ref('stg_hubspot__email_events') }}
    where
        reject_reason is null
        and activity_type = 'email_clicked'

    union all by name

    select * from {{ ref('stg_mapped__marketing_activities') }}
    where reject_reason is null

),

-- opens say nothing (formats 6.8); a click counts unless the vendor says it was a machine
voluntary as (

    select
        activities.*,
        {{ record_system('sources') }} as record_system,
        {{ normalise_email('activities.email_raw') }} as email
    from activities
    left join sources on activities.source_id = sources.source_id
    where
        {{ is_one_of('activities.activity_type', [
            'form_submitted', 'email_clicked', 'event_registered', 'event_attended', 'event_no_show',
            'webinar_registered', 'webinar_attended', 'webinar_no_show', 'asset_viewed',
        ]) }}
        and not coalesce(activities.is_bot, false)

),

-- the same event delivered again is one touch, as it was told last; a participation whose state
-- moved on is one touch per state
distinct_activities as (

    select *
    from voluntary
    qualify
        row_number() over (
            partition by record_system, activity_id, activity_type
            order by extracted_at desc, file_id desc, record desc
        ) = 1

),

of_marketing as (

    select
        distinct_activities.record_system
        || ':' || distinct_activities.activity_type
        || ':' || distinct_activities.activity_id
            as touch_id,
        coalesce(marketing_ids.person_id, email_persons.person_id) as person_id,
        distinct_activities.activity_at as touched_at,
        distinct_activities.activity_type as touch_type,
        -- a seminar is the campaign it is announced under
        distinct_activities.program_name as campaign,
        cast(null as varchar) as campaign_type,
        distinct_activities.utm_source,
        distinct_activities.utm_medium,
        distinct_activities.utm_campaign,
        distinct_activities.source_id,
        distinct_activities.file_id,
        distinct_activities.record
    from distinct_activities
    left join marketing_ids
        on distinct_activities.record_system = marketing_ids.record_system
        and distinct_activities.person_id = marketing_ids.record_id
    left join email_persons on distinct_activities.email = email_persons.email
    left join internal_domains
        on split_part(distinct_activities.email, '@', 2) = internal_domains.domain
    where internal_domains.domain is null

),

of_campaigns as (

    select
        'campaign_member:' || member_id as touch_id,
        person_id,
        touched_at,
        'campaign_joined' as touch_type,
        campaign,
        campaign_type,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        source_id,
        file_id,
        record
    from campaign_touches

),

of_leads as (

    select
        'lead:' || record_system || ':' || record_id as touch_id,
        person_id,
        created_at as touched_at,
        'lead_created' as touch_type,
        cast(null as varchar) as campaign,
        cast(null as varchar) as campaign_type,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        cast(null as varchar) as source_id,
        cast(null as varchar) as file_id,
        cast(null as bigint) as record
    from person_records
    where
        record_type = 'lead'
        and created_at is not null

),

united as (

    select * from of_marketing

    union all

    select * from of_campaigns

    union all

    select * from of_leads

),

final as (

    select
        united.*,
        {{ reporting_date('united.touched_at') }}
            as touched_on
    from united
    cross join settings
    where
        {{ reporting_date('united.touched_at') }}
        <= settings.as_of_date

)

select * from final
