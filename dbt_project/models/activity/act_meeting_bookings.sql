-- one row per meeting booked by inside sales, with what became of it in the calendar
with

events as (

    select * from {{ ref('act_meeting_events') }}

),

episodes as (

    select * from {{ ref('act_meeting_episodes') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

meeting_events as (

    select
        episodes.meeting_id,
        episodes.event_number,
        events.*
    from episodes
    inner join events on episodes.event_id = events.event_id
    where episodes.meeting_id is not null

),

last_events as (

    select
        meeting_id,
        meeting_on,
        outcome
    from meeting_events
    qualify
        row_number() over (
            partition by meeting_id order by event_number desc
        ) = 1

),

held_events as (

    select
        meeting_id,
        min(meeting_on) as held_on
    from meeting_events
    where outcome = 'held'
    group by meeting_id

),

final as (

    select
        meeting_events.meeting_id,
        meeting_events.booked_at,
        meeting_events.booked_on,
        meeting_events.person_id,
        coalesce(persons.account_id, meeting_events.event_account_id) as account_id,
        meeting_events.creator_rep_id as rep_id,
        meeting_events.team,
        meeting_events.business_unit,
        meeting_events.motion,
        meeting_events.manager_rep_id,
        held_events.held_on,
        last_events.meeting_on as last_scheduled_on,
        case last_events.outcome
            when 'rescheduled' then 'canceled'
            else last_events.outcome
        end as cohort_outcome
    from meeting_events
    inner join last_events on meeting_events.meeting_id = last_events.meeting_id
    left join held_events on meeting_events.meeting_id = held_events.meeting_id
    left join persons on meeting_events.person_id = persons.person_id
    where meeting_events.event_id = meeting_events.meeting_id

)

select * from final
