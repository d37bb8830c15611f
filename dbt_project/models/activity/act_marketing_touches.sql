-- one row per thing a person did with marketing, or that marketing recorded of the person
with

settings as (

    select * from {{ ref('act_settings') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

activities as (

    select * from {{ ref('act_marketing_activities') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

-- opens say nothing (formats 6.8); a click counts unless the vendor says it was a machine
of_marketing as (

    select
        record_system || ':' || activity_type || ':' || activity_id as touch_id,
        person_id,
        activity_at as touched_at,
        activity_type as touch_type,
        -- a seminar is the campaign it is announced under
        program_name as campaign,
        cast(null as varchar) as campaign_type,
        utm_source,
        utm_medium,
        utm_campaign,
        source_id,
        file_id,
        record
    from activities
    where
        {{ is_one_of('activity_type', [
            'form_submitted', 'email_clicked', 'event_registered', 'event_attended', 'event_no_show',
            'webinar_registered', 'webinar_attended', 'webinar_no_show', 'asset_viewed',
        ]) }}
        and not coalesce(is_bot, false)

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
