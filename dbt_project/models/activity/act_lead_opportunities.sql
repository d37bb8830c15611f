-- one row per lead (a person) and opportunity that came of it
with

leads as (

    select
        person_id,
        lead_created_at
    from {{ ref('act_person_channels') }}
    where is_lead

),

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

opportunity_leads as (

    select * from {{ ref('act_opportunity_leads') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

episodes as (

    select * from {{ ref('act_meeting_episodes') }}

),

credits as (

    select * from {{ ref('act_opportunity_credits') }}

),

meetings as (

    select * from {{ ref('act_meeting_bookings') }}

),

links as (

    select
        person_id,
        opportunity_id
    from opportunity_leads

    union

    select
        events.person_id,
        events.related_id as opportunity_id
    from events
    inner join episodes on events.event_id = episodes.event_id
    where episodes.meeting_id is not null

    union

    select
        meetings.person_id,
        credits.opportunity_id
    from credits
    inner join meetings on credits.meeting_id = meetings.meeting_id

),

-- an opportunity of two leads counts for both, its yen once: for the lead touched first
shared as (

    select
        links.person_id,
        opportunities.opportunity_id,
        opportunities.is_open,
        opportunities.is_won,
        opportunities.is_lost,
        opportunities.created_on,
        opportunities.closed_on,
        opportunities.open_until,
        row_number() over (
            partition by opportunities.opportunity_id
            order by leads.lead_created_at, links.person_id
        ) = 1 as is_first_of_opportunity,
        opportunities.amount_yen as opportunity_amount_yen
    from links
    inner join leads on links.person_id = leads.person_id
    inner join opportunities on links.opportunity_id = opportunities.opportunity_id

),

final as (

    select
        * exclude (opportunity_amount_yen),
        case when is_first_of_opportunity then opportunity_amount_yen end as amount_yen
    from shared

)

select * from final
