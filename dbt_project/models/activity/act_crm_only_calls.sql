-- one row per call that only the CRM tells of, by a rep without a telephone system
with

activities as (

    select *
    from {{ ref('act_crm_activities') }}
    where
        kind = 'call'
        and direction <> 'internal'

),

twins as (

    select * from {{ ref('act_call_twins') }}

),

spans as (

    select *
    from {{ ref('act_rep_spans') }}
    where
        is_valid
        and not has_cti

),

calls as (

    select
        activities.activity_id as call_id,
        activities.source_id,
        activities.file_id,
        activities.record,
        activities.logged_at as started_at,
        activities.logged_on as called_on,
        activities.logged_hour as started_hour,
        activities.rep_id,
        activities.direction,
        activities.person_id,
        activities.account_id,
        activities.disposition,
        activities.talk_seconds,
    from activities
    inner join spans
        on
            activities.rep_id = spans.rep_id
            and activities.logged_on between spans.span_from and spans.span_to
    anti join twins
        on activities.activity_id = twins.activity_id

)

select * from calls
