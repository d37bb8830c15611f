-- one row per meeting booked by inside sales, with the decision of field sales at the as-of date
with

settings as (

    select * from {{ ref('act_settings') }}

),

meetings as (

    select * from {{ ref('act_meeting_bookings') }}

),

credits as (

    select * from {{ ref('act_opportunity_credits') }}

),

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

calls as (

    select * from {{ ref('act_calls') }}

),

-- of several opportunities the best one decides
decisions as (

    select
        credits.meeting_id,
        min(opportunities.accepted_on) as accepted_on,
        min(opportunities.rejected_on) as rejected_on,
        arg_min(
            { 'reason': opportunities.loss_reason, 'source_id': opportunities.source_id },
            { 'on': opportunities.rejected_on, 'id': opportunities.opportunity_id }
        ) filter (where opportunities.rejected_on is not null) as rejection,
        arg_min(
            opportunities.opportunity_id,
            { 'at': opportunities.created_at, 'id': opportunities.opportunity_id }
        ) as first_opportunity_id,
        min(opportunities.created_on) as first_opportunity_on
    from credits
    inner join opportunities on credits.opportunity_id = opportunities.opportunity_id
    group by credits.meeting_id

),

-- the CRM says when a call only it knows was logged, not when it began: the day decides
connects as (

    select
        rep_id,
        person_id,
        called_on,
        min(case when call_origin = 'crm' then '-infinity' else started_at end) as first_began_at
    from calls
    where
        is_dial
        and is_connect
        and person_id is not null
    group by rep_id, person_id, called_on

),

decided as (

    select
        meetings.*,
        case
            when decisions.accepted_on is not null then 'accepted'
            when decisions.rejected_on is not null then 'rejected'
            when settings.as_of_date
                <= meetings.last_scheduled_on + settings.decision_expires_after_days
                then 'pending'
            else 'expired'
        end as decision,
        decisions.accepted_on,
        decisions.rejected_on,
        decisions.rejection,
        decisions.first_opportunity_id as opportunity_id,
        case settings.shodan_event
            when 'held' then meetings.held_on
            when 'opportunity' then decisions.first_opportunity_on
            else meetings.booked_on
        end as acquired_on,
        connects.person_id is not null as is_from_connect
    from meetings
    cross join settings
    left join decisions on meetings.meeting_id = decisions.meeting_id
    left join connects
        on meetings.rep_id = connects.rep_id
        and meetings.person_id = connects.person_id
        and meetings.booked_on = connects.called_on
        and meetings.booked_at >= connects.first_began_at

),

final as (

    select
        decided.* exclude (rejection),
        case when decision = 'rejected' then rejection.reason end as reject_reason,
        case when decision = 'rejected' then rejection.source_id end as reject_source_id,
        case decision
            when 'accepted' then accepted_on - booked_on
            when 'rejected' then rejected_on - booked_on
        end as days_to_decision
    from decided

)

select * from final
