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

list_names as (

    select * from {{ ref('act_call_list_names') }}
    where list_origin = 'list_key'

),

target_spans as (

    select * from {{ ref('act_target_account_spans') }}

),

-- from one touch to the next the campaign touched last is the same
campaign_spans as (

    select
        person_id,
        campaign,
        call_list,
        touched_at,
        coalesce(
            lead(touched_at) over (partition by person_id order by touched_at),
            timestamp 'infinity'
        ) as touched_next_at,
    from {{ ref('act_campaign_touches') }}

),

calls as (

    select
        -- the list the dialler worked through, else the one the person was last put on
        flags.* replace (
            coalesce(
                list_names.call_list, nullif(flags.call_list, '(none)'), campaign_spans.call_list, '(none)'
            ) as call_list
        ),
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
        coalesce(campaign_spans.campaign, '(none)') as campaign,
        persons.is_key_person as has_key_person,
        target_spans.account_id is not null as is_target_account,
    from flags
    left join spans
        on
            flags.rep_id = spans.rep_id
            and flags.called_on between spans.span_from and spans.span_to
    left join persons
        on flags.person_id = persons.person_id
    left join channels
        on flags.person_id = channels.person_id
    left join campaign_spans
        on
            flags.person_id = campaign_spans.person_id
            and flags.started_at >= campaign_spans.touched_at
            and flags.started_at < campaign_spans.touched_next_at
    left join list_names
        on flags.call_list = list_names.list_key
    left join target_spans
        on
            flags.account_id = target_spans.account_id
            and flags.called_on between target_spans.span_from and target_spans.span_to

)

select * from calls
