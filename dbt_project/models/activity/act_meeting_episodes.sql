-- one row per external calendar event: what it is to its person's running sales episode
with recursive

settings as (

    select * from {{ ref('act_settings') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

account_opportunities as (

    select * from {{ ref('act_account_opportunities') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

opportunity_leads as (

    select * from {{ ref('act_opportunity_leads') }}

),

-- an open opportunity ends on no day we know
opportunity_spans as (

    select
        opportunity_id,
        created_on,
        coalesce(open_until, date '9999-12-31') as ends_on
    from opportunities

),

-- few enough to be carried along: no two of an account's overlap
account_spans as (

    select
        account_id,
        list(
            {
                'created_on': created_on,
                'ends_on': coalesce(open_until, date '9999-12-31'),
                'tied_person_ids': tied_person_ids
            }
        ) as spans
    from account_opportunities
    group by account_id

),

converted_spans as (

    select
        opportunity_leads.person_id,
        opportunity_spans.created_on,
        opportunity_spans.ends_on
    from opportunity_leads
    inner join opportunity_spans
        on opportunity_leads.opportunity_id = opportunity_spans.opportunity_id

),

external_events as (

    select
        events.event_id,
        events.person_id,
        coalesce(persons.account_id, events.event_account_id) as account_id,
        events.booked_at,
        events.booked_on,
        events.meeting_on,
        case when events.outcome = 'held' then events.meeting_on end as held_on,
        events.broken_on,
        events.motion,
        events.related_id,
        row_number() over (
            partition by events.person_id order by events.booked_at, events.event_id
        ) as event_number
    from events
    left join persons on events.person_id = persons.person_id
    where events.party_reason is null

),

-- until when the converted lead's opportunities would keep an episode open that begins here;
-- one older than the booking cannot have come of it
numbered as (

    select
        external_events.event_id,
        external_events.person_id,
        external_events.account_id,
        external_events.event_number,
        external_events.booked_on,
        external_events.meeting_on,
        external_events.held_on,
        external_events.broken_on,
        external_events.motion in ('sdr', 'bdr') as is_by_inside_sales,
        any_value(opportunity_spans.created_on) as linked_created_on,
        any_value(opportunity_spans.ends_on) as linked_ends_on,
        max(converted_spans.ends_on) as converted_ends_on
    from external_events
    left join opportunity_spans
        on external_events.related_id = opportunity_spans.opportunity_id
    left join converted_spans
        on external_events.person_id = converted_spans.person_id
        and external_events.booked_on <= converted_spans.created_on
    group by all

),

-- the running meeting is carried from event to event, its last event with it
walked as (

    select
        event_id,
        person_id,
        event_number,
        'first' as role,
        event_id as meeting_id,
        booked_on as meeting_booked_on,
        account_id as meeting_account_id,
        is_by_inside_sales as is_counted,
        broken_on,
        held_on,
        meeting_on as last_meeting_on,
        greatest(
            converted_ends_on,
            case when linked_created_on >= booked_on then linked_ends_on end
        ) as opportunity_ends_on
    from numbered
    where event_number = 1

    union all

    select
        stepped.event_id,
        stepped.person_id,
        stepped.event_number,
        stepped.role,
        case
            when stepped.role = 'first' then stepped.event_id
            else stepped.meeting_id
        end as meeting_id,
        case
            when stepped.role = 'first' then stepped.booked_on
            else stepped.meeting_booked_on
        end as meeting_booked_on,
        case
            when stepped.role = 'first' then stepped.account_id
            else stepped.meeting_account_id
        end as meeting_account_id,
        case
            when stepped.role = 'first' then stepped.is_by_inside_sales
            else stepped.is_counted
        end as is_counted,
        case
            when stepped.role = 'follow_up' then stepped.meeting_broken_on
            else stepped.broken_on
        end as broken_on,
        case
            when stepped.role = 'follow_up' then stepped.meeting_held_on
            else stepped.held_on
        end as held_on,
        case
            when stepped.role = 'follow_up' then stepped.last_meeting_on
            else stepped.meeting_on
        end as last_meeting_on,
        case
            when stepped.role = 'first' then greatest(
                stepped.converted_ends_on,
                case
                    when stepped.linked_created_on >= stepped.booked_on
                        then stepped.linked_ends_on
                end
            )
            when stepped.role = 'rescheduled' then greatest(
                stepped.opportunity_ends_on,
                case
                    when stepped.linked_created_on >= stepped.meeting_booked_on
                        then stepped.linked_ends_on
                end
            )
            else stepped.opportunity_ends_on
        end as opportunity_ends_on
    from (
        select
            numbered.*,
            walked.meeting_id,
            walked.meeting_booked_on,
            walked.meeting_account_id,
            walked.is_counted,
            walked.broken_on as meeting_broken_on,
            walked.held_on as meeting_held_on,
            walked.last_meeting_on,
            walked.opportunity_ends_on,
            case
                when walked.broken_on is not null
                    then case
                        when numbered.booked_on
                            <= walked.broken_on + settings.rebooking_days
                            then 'rescheduled'
                        else 'first'
                    end
                when numbered.booked_on <= coalesce(
                    greatest(
                        walked.opportunity_ends_on,
                        -- what the account rule finds, once it exists
                        list_max(
                            list_transform(
                                list_filter(
                                    account_spans.spans,
                                    lambda span:
                                    span.created_on between walked.held_on
                                    and walked.held_on + settings.account_rule_days
                                    and span.created_on <= numbered.booked_on
                                    and coalesce(
                                        list_contains(
                                            span.tied_person_ids, walked.person_id
                                        ),
                                        true
                                    )
                                ),
                                lambda span: span.ends_on
                            )
                        )
                    ),
                    walked.last_meeting_on + settings.decision_expires_after_days
                )
                    then 'follow_up'
                else 'first'
            end as role
        from walked
        inner join numbered
            on walked.person_id = numbered.person_id
            and walked.event_number + 1 = numbered.event_number
        cross join settings
        left join account_spans on walked.meeting_account_id = account_spans.account_id
    ) as stepped

),

final as (

    select
        event_id,
        person_id,
        event_number,
        role,
        case
            when is_counted and role != 'follow_up' then meeting_id
        end as meeting_id,
        case
            when role = 'follow_up' then 'follow_up'
            when not is_counted then 'field_sales'
        end as ineligible_reason
    from walked

)

select * from final
