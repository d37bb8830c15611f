-- one row per call: a call group of a telephone system, or a call only the CRM tells of
with

flags as (

    select * from {{ ref('act_call_flags') }}

),

spans as (

    select * from {{ ref('act_rep_spans') }}

),

persons as (

    select
        person_id,
        is_key_person,
    from {{ ref('act_persons') }}

),

channels as (

    select * from {{ ref('act_person_channels') }}

),

touches as (

    select
        person_id,
        touched_at,
        campaign,
    from {{ ref('act_campaign_touches') }}

),

touched_persons as (

    select distinct person_id from touches

),

-- the campaign last touched before the call; only calls to touched persons are looked up
campaigns as (

    select
        known.call_id,
        touches.campaign,
    from (
        select
            flags.call_id,
            flags.person_id,
            flags.started_at,
        from flags
        inner join touched_persons
            on flags.person_id = touched_persons.person_id
    ) as known
    asof inner join touches
        on
            known.person_id = touches.person_id
            and known.started_at >= touches.touched_at

),

calls as (

    select
        flags.*,
        coalesce(spans.team, '(unassigned)') as team,
        coalesce(spans.business_unit, '(unassigned)') as business_unit,
        coalesce(spans.motion, '(unassigned)') as motion,
        spans.manager_rep_id,
        coalesce(
            channels.channel_group,
            case when flags.person_id is null then '(unlinked)' else '(none)' end
        ) as channel_group,
        coalesce(
            channels.channel,
            case when flags.person_id is null then '(unlinked)' else '(none)' end
        ) as channel,
        coalesce(campaigns.campaign, '(none)') as campaign,
        persons.is_key_person as has_key_person,
    from flags
    left join spans
        on
            flags.rep_id = spans.rep_id
            and flags.called_on between spans.span_from and spans.span_to
    left join persons
        on flags.person_id = persons.person_id
    left join channels
        on flags.person_id = channels.person_id
    left join campaigns
        on flags.call_id = campaigns.call_id

)

select * from calls
