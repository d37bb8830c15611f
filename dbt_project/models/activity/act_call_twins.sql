-- one row per call of a telephone system that a CRM activity also tells of
with

settings as (

    select match_window_seconds from {{ ref('stg_kura__settings') }}

),

calls as (

    select * from {{ ref('act_call_groups') }}

),

legs as (

    select * from {{ ref('act_call_legs') }}

),

activities as (

    select *
    from {{ ref('act_crm_activities') }}
    where kind = 'call'

),

person_numbers as (

    select * from {{ ref('act_person_numbers') }}

),

-- every word of a reference or description that could be the id of a leg
words as (

    select distinct
        activity_id,
        unnest(
            list_append(
                regexp_extract_all(lower(cti_call_ref), '[a-z0-9][a-z0-9_-]{5,}'),
                lower(cti_call_ref)
            )
        ) as word,
        true as is_named,
    from activities
    union
    select distinct
        activity_id,
        unnest(
            regexp_extract_all(lower(description), '[a-z0-9][a-z0-9_-]{5,}')
        ) as word,
        -- an id as long as a uuid names its call; a shorter word may be an amount
        len(word) >= 32 as is_named,
    from activities

),

references_to_calls as (

    select
        activities.activity_id,
        activities.logged_at,
        activities.rep_id,
        activities.person_id,
        calls.call_id,
        calls.rep_id as calling_rep_id,
        calls.customer_e164,
        words.is_named,
        activities.logged_at
        between calls.started_at - to_seconds(settings.match_window_seconds)
        and calls.ended_at + to_seconds(settings.match_window_seconds)
            as is_in_window,
    from words
    inner join activities
        on words.activity_id = activities.activity_id
    inner join legs
        on words.word = lower(legs.leg_id)
    inner join calls
        on
            legs.cti_account = calls.cti_account
            and legs.call_group_id = calls.call_group_id
    cross join settings

),

-- a mere word needs the time, and the rep or the number, to speak for it
believed_references as (

    select distinct
        references_to_calls.activity_id,
        references_to_calls.logged_at,
        references_to_calls.call_id,
    from references_to_calls
    left join person_numbers
        on
            references_to_calls.person_id = person_numbers.person_id
            and references_to_calls.customer_e164 = person_numbers.e164
    where
        references_to_calls.is_named
        or (
            references_to_calls.is_in_window
            and (
                person_numbers.e164 is not null
                or (
                    references_to_calls.rep_id <> '(unassigned)'
                    and references_to_calls.rep_id
                    = references_to_calls.calling_rep_id
                )
            )
        )

),

-- an activity that names several calls names none
referenced as (

    select
        activity_id,
        min(logged_at) as logged_at,
        min(call_id) as call_id,
    from believed_references
    group by activity_id
    having count(distinct call_id) = 1

),

-- several activities may name one call: the first one written tells of it
twins_by_reference as (

    select
        call_id,
        arg_min(activity_id, {'logged_at': logged_at, 'activity_id': activity_id})
            as activity_id,
        'reference' as twin_basis,
    from referenced
    group by call_id

),

-- the same rep, the same number, at nearly the same time
candidates as (

    select
        calls.call_id,
        activities.activity_id,
        abs(epoch_us(activities.logged_at) - epoch_us(calls.ended_at)) as distance,
    from activities
    inner join person_numbers
        on activities.person_id = person_numbers.person_id
    inner join calls
        on
            activities.rep_id = calls.rep_id
            and person_numbers.e164 = calls.customer_e164
    cross join settings
    where
        activities.rep_id <> '(unassigned)'
        and not calls.is_internal
        and activities.logged_at
        between calls.started_at - to_seconds(settings.match_window_seconds)
        and calls.ended_at + to_seconds(settings.match_window_seconds)
        and not exists (
            select 1
            from twins_by_reference
            where twins_by_reference.call_id = calls.call_id
        )
        and not exists (
            select 1
            from referenced
            where referenced.activity_id = activities.activity_id
        )

),

distinct_candidates as (

    select distinct * from candidates

),

twins_by_time as (

    {{ mutual_nearest('distinct_candidates', 'call_id', 'activity_id', 'distance')
        | indent(4) }}

),

twins as (

    select * from twins_by_reference
    union all
    select
        distinct_candidates.call_id,
        distinct_candidates.activity_id,
        'number_and_time' as twin_basis,
    from twins_by_time
    inner join distinct_candidates
        on
            twins_by_time.call_id = distinct_candidates.call_id
            and twins_by_time.activity_id = distinct_candidates.activity_id

)

select * from twins
