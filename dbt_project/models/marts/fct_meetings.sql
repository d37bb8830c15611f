-- one row per calendar event booked by the as-of date, and what made it count or not
with

settings as (

    select * from {{ ref('act_settings') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

episodes as (

    select * from {{ ref('act_meeting_episodes') }}

),

meetings as (

    select * from {{ ref('act_meetings') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

loss_reasons as (

    select * from {{ ref('act_loss_reasons') }}

),

files as (

    select * from {{ ref('act_files') }}

),

placed as (

    select
        events.* exclude (team, business_unit, motion, manager_rep_id),
        episodes.meeting_id,
        coalesce(events.party_reason, episodes.ineligible_reason) as ineligible_reason,
        coalesce(events.event_id = episodes.meeting_id, false) as is_booked,
        coalesce(persons.account_id, events.event_account_id) as account_id,
        -- every event of a meeting stands with who booked the meeting, as of that day
        case
            when episodes.meeting_id is null then events.creator_rep_id
            else meetings.rep_id
        end as rep_id,
        case
            when episodes.meeting_id is null then events.team
            else meetings.team
        end as team,
        case
            when episodes.meeting_id is null then events.business_unit
            else meetings.business_unit
        end as business_unit,
        case
            when episodes.meeting_id is null then events.motion
            else meetings.motion
        end as motion,
        case
            when episodes.meeting_id is null then events.manager_rep_id
            else meetings.manager_rep_id
        end as manager_rep_id
    from events
    left join episodes on events.event_id = episodes.event_id
    left join meetings on episodes.meeting_id = meetings.meeting_id
    left join persons on events.person_id = persons.person_id

),

channelled as (

    select
        placed.*,
        coalesce(person_channels.channel_group, '(unlinked)') as channel_group,
        coalesce(person_channels.channel, '(unlinked)') as channel,
        coalesce(campaign_touches.campaign, '(none)') as campaign
    from placed
    left join person_channels on placed.person_id = person_channels.person_id
    asof left join campaign_touches
        on placed.person_id = campaign_touches.person_id
        and placed.booked_at >= campaign_touches.touched_at

),

final as (

    select
        -- ids
        channelled.event_id,
        channelled.meeting_id,
        channelled.source_id,
        coalesce(channelled.rep_id, '(unassigned)') as rep_id,
        channelled.team,
        channelled.business_unit,
        channelled.motion,
        channelled.manager_rep_id,
        channelled.owner_rep_id as field_rep_id,
        channelled.person_id,
        channelled.account_id,
        meetings.opportunity_id,

        -- text
        channelled.channel_group,
        channelled.channel,
        channelled.campaign,
        channelled.outcome,
        channelled.outcome_basis,
        channelled.ineligible_reason,
        meetings.cohort_outcome,
        meetings.decision,
        case
            when meetings.decision = 'rejected' then coalesce(
                loss_reasons.loss_reason,
                case when meetings.reject_reason is null then '(none)' else '(unmapped)' end
            )
        end as reject_reason,

        -- measures
        cast(meetings.days_to_decision as bigint) as days_to_decision,

        -- flags
        channelled.is_booked,
        channelled.meeting_id is not null and not channelled.is_booked as is_rescheduled,
        channelled.meeting_id is not null and channelled.outcome = 'held' as is_held,
        channelled.meeting_id is not null and channelled.outcome = 'no_show' as is_no_show,
        coalesce(meetings.acquired_on is not null, false) as is_acquired,
        coalesce(meetings.is_from_connect, false) as is_from_connect,
        coalesce(meetings.cohort_outcome = 'held', false) as is_held_of_cohort,
        coalesce(meetings.cohort_outcome = 'no_show', false) as is_no_show_of_cohort,
        coalesce(
            meetings.last_scheduled_on <= settings.as_of_date
            and meetings.cohort_outcome in ('held', 'no_show', 'canceled'),
            false
        ) as is_outcome_known_of_cohort,
        coalesce(
            meetings.last_scheduled_on <= settings.as_of_date
            and meetings.cohort_outcome in ('scheduled', 'unknown'),
            false
        ) as is_outcome_unknown_of_cohort,
        coalesce(meetings.decision = 'accepted', false) as is_accepted,
        coalesce(meetings.decision = 'rejected', false) as is_rejected,
        coalesce(meetings.decision = 'pending', false) as is_pending,
        coalesce(meetings.decision = 'expired', false) as is_expired,

        -- times
        channelled.booked_at,
        channelled.booked_on,
        channelled.meeting_on,
        meetings.acquired_on,
        meetings.accepted_on,
        meetings.last_scheduled_on,

        -- origin
        channelled.file_id as source_file_id,
        files.path as source_file,
        cast(channelled.record as bigint) as source_record
    from channelled
    cross join settings
    -- what became of the meeting stands once, on the row it was booked with
    left join meetings
        on case when channelled.is_booked then channelled.meeting_id end = meetings.meeting_id
    left join loss_reasons
        on meetings.reject_source_id = loss_reasons.source_id
        and meetings.reject_reason = loss_reasons.loss_reason
    left join files on channelled.file_id = files.file_id

)

select * from final
