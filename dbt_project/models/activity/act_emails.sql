-- one row per e-mail a rep sent to a prospect, as the CRM logged it
with

activities as (

    select *
    from {{ ref('act_crm_activities') }}
    where
        kind = 'email'
        and direction <> 'internal'

),

spans as (

    select * from {{ ref('act_rep_spans') }}

),

channels as (

    select * from {{ ref('act_person_channels') }}

),

touches as (

    select * from {{ ref('act_campaign_touches') }}

),

campaigns as (

    select
        activities.activity_id,
        arg_max(
            touches.campaign,
            {'touched_at': touches.touched_at, 'campaign': touches.campaign}
        ) as campaign,
    from activities
    inner join touches
        on
            activities.person_id = touches.person_id
            and activities.logged_at >= touches.touched_at
    group by activities.activity_id

),

target_spans as (

    select * from {{ ref('act_target_account_spans') }}

),

emails as (

    select
        activities.activity_id as email_id,
        activities.logged_on as sent_on,
        activities.logged_at as sent_at,
        activities.source_id,
        activities.file_id,
        activities.record,
        activities.rep_id,
        coalesce(spans.team, '(unassigned)') as team,
        coalesce(spans.business_unit, '(unassigned)') as business_unit,
        coalesce(spans.motion, '(unassigned)') as motion,
        spans.manager_rep_id,
        activities.person_id,
        activities.account_id,
        coalesce(
            channels.channel_group,
            case when activities.person_id is null then '(unlinked)' else '(none)' end
        ) as channel_group,
        coalesce(
            channels.channel,
            case when activities.person_id is null then '(unlinked)' else '(none)' end
        ) as channel,
        coalesce(campaigns.campaign, '(none)') as campaign,
        target_spans.account_id is not null as is_target_account,
    from activities
    left join spans
        on
            activities.rep_id = spans.rep_id
            and activities.logged_on between spans.span_from and spans.span_to
    left join channels
        on activities.person_id = channels.person_id
    left join campaigns
        on activities.activity_id = campaigns.activity_id
    left join target_spans
        on
            activities.account_id = target_spans.account_id
            and activities.logged_on between target_spans.span_from and target_spans.span_to

)

select * from emails
