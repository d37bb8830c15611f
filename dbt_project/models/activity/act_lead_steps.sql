-- one row per lead (a person), with the steps it was seen at by the as-of date
with

leads as (

    select *
    from {{ ref('act_person_channels') }}
    where is_lead

),

mql_leads as (

    select * from {{ ref('act_lead_statuses') }}

),

approaches as (

    select * from {{ ref('act_lead_approaches') }}

),

meetings as (

    select * from {{ ref('act_meetings') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

met as (

    select
        person_id,
        min(booked_on) as met_on,
        min(booked_at) as met_at,
        arg_min(
            {
                'rep_id': rep_id,
                'team': team,
                'business_unit': business_unit,
                'motion': motion,
                'manager_rep_id': manager_rep_id
            },
            { 'at': booked_at, 'id': meeting_id }
        ) as booker,
        bool_or(decision = 'accepted') as is_accepted,
        min(accepted_on) filter (where decision = 'accepted') as accepted_on
    from meetings
    group by person_id

),

sold as (

    select
        person_id,
        count(*) as opportunities,
        bool_or(is_won) as is_won,
        bool_and(is_lost) as is_all_lost,
        bool_or(is_open) as is_open,
        min(created_on) as opportunity_on,
        min(closed_on) filter (where is_won) as won_on,
        case when bool_and(is_lost) then max(open_until) end as lost_on
    from lead_opportunities
    group by person_id

),

observed as (

    select
        leads.person_id,
        leads.lead_created_on,
        leads.lead_records,
        leads.channel_group,
        leads.channel,
        leads.first_campaign as campaign,
        case when approaches.motion is null then met.booker.rep_id else approaches.rep_id end
            as rep_id,
        case when approaches.motion is null then met.booker.team else approaches.team end
            as team,
        case
            when approaches.motion is null then met.booker.business_unit
            else approaches.business_unit
        end as business_unit,
        coalesce(approaches.motion, met.booker.motion, '(unassigned)') as motion,
        case
            when approaches.motion is null then met.booker.manager_rep_id
            else approaches.manager_rep_id
        end as manager_rep_id,
        coalesce(mql_leads.is_mql, false) as is_mql,
        coalesce(mql_leads.is_handed_back, false) as is_handed_back,
        approaches.worked_on is not null as is_worked,
        approaches.connected_on is not null as is_connected,
        met.person_id is not null as is_met,
        coalesce(met.is_accepted, false) as is_accepted,
        sold.person_id is not null as is_opportunity,
        coalesce(sold.is_won, false) as is_won,
        coalesce(sold.is_all_lost, false) as is_lost,
        coalesce(sold.is_open and not sold.is_won, false) as is_still_open,
        mql_leads.mql_on,
        approaches.worked_on,
        approaches.connected_on,
        met.met_at,
        met.met_on,
        met.accepted_on,
        sold.opportunity_on,
        sold.won_on,
        sold.lost_on
    from leads
    left join mql_leads on leads.person_id = mql_leads.person_id
    left join approaches on leads.person_id = approaches.person_id
    left join met on leads.person_id = met.person_id
    left join sold on leads.person_id = sold.person_id

),

-- the furthest; handing back outranks working, not what field sales made of the lead
placed as (

    select
        *,
        case
            when is_won then 'won'
            when is_lost then 'lost'
            when is_accepted then 'accepted'
            when is_opportunity then 'opportunity'
            when is_met then 'meeting'
            when is_handed_back then 'nurturing'
            when is_connected then 'connected'
            when is_worked then 'worked'
            when is_mql then 'nurturing'
            else 'lead'
        end as state
    from observed

),

-- whoever reached a later step has reached the earlier ones
final as (

    select
        *,
        is_mql or is_worked or is_connected or is_met or is_accepted or is_opportunity
            as has_reached_mql,
        is_worked or is_connected or is_met or is_accepted or is_opportunity
            as has_reached_worked,
        is_connected or is_met or is_accepted or is_opportunity as has_reached_connected,
        is_met or is_accepted or is_opportunity as has_reached_meeting,
        is_opportunity or is_accepted as has_reached_opportunity,
        is_accepted or is_won as has_reached_accepted,
        is_won as has_reached_won,
        is_lost as has_reached_lost,
        case
            when coalesce(won_on, lost_on) is not null
                then greatest(coalesce(won_on, lost_on) - lead_created_on, 0)
        end as days_to_outcome
    from placed

)

select * from final
