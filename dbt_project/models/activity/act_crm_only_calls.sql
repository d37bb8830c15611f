-- one row per call that only the CRM tells of, by a person without a telephone system
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

    select * from {{ ref('act_rep_spans') }}

),

users as (

    select *
    from {{ ref('act_users_versions') }}
    where is_current

),

agents as (

    select distinct lower(agent_email) as email
    from {{ ref('act_call_legs') }}
    where agent_email is not null

),

-- before somebody's first day on the roster, the first day speaks
first_spans as (

    select
        rep_id,
        arg_min(has_cti, span_from) as has_cti,
    from spans
    group by rep_id

),

strangers as (

    select distinct
        record_system,
        owner_id,
    from activities
    where rep_id = '(unassigned)'

),

-- whom the roster does not know may still be an agent of a telephone system, or its robot
strangers_with_cti as (

    select
        strangers.record_system,
        strangers.owner_id,
    from strangers
    left join users
        on
            strangers.record_system = users.record_system
            and strangers.owner_id = users.user_id
    inner join agents
        on
            coalesce({{ normalise_email('users.email') }}, lower(strangers.owner_id))
            = agents.email
    union
    select
        activities.record_system,
        activities.owner_id,
    from activities
    inner join twins
        on activities.activity_id = twins.activity_id
    where activities.rep_id = '(unassigned)'

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
        coalesce(
            activities.disposition,
            -- without a result, what the CRM's own telephone noticed
            case
                when activities.telephony_result = 'busy' then 'busy'
                when activities.telephony_result in ('no_answer', 'failed', 'canceled', 'abandoned')
                    then 'no_answer'
            end
        ) as disposition,
        activities.talk_seconds,
    from activities
    left join spans
        on
            activities.rep_id = spans.rep_id
            and activities.logged_on between spans.span_from and spans.span_to
    left join first_spans
        on activities.rep_id = first_spans.rep_id
    left join strangers_with_cti
        on
            activities.record_system = strangers_with_cti.record_system
            and activities.owner_id = strangers_with_cti.owner_id
    anti join twins
        on activities.activity_id = twins.activity_id
    where
        not coalesce(spans.has_cti, first_spans.has_cti, false)
        and strangers_with_cti.owner_id is null

)

select * from calls
