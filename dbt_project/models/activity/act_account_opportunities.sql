-- one row per opportunity created while no other one of its account was open
with

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

opportunity_leads as (

    select * from {{ ref('act_opportunity_leads') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

-- another opportunity of the account was open: whatever made this one, it was not a meeting
crowded as (

    select distinct opportunities.opportunity_id
    from opportunities
    inner join opportunities as others
        on opportunities.account_id = others.account_id
        and opportunities.opportunity_id != others.opportunity_id
        and opportunities.created_at > others.created_at
        and coalesce(opportunities.created_on < others.open_until, true)

),

ties as (

    select
        opportunity_id,
        person_id
    from opportunity_leads

    union

    select
        opportunities.opportunity_id,
        events.person_id
    from events
    inner join opportunities
        on events.related_id = opportunities.opportunity_id
        and events.booked_on <= opportunities.created_on
    where events.party_reason is null

),

tied as (

    select
        opportunity_id,
        list(person_id order by person_id) as tied_person_ids
    from ties
    group by opportunity_id

),

final as (

    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.created_on,
        opportunities.open_until,
        tied.tied_person_ids
    from opportunities
    left join crowded on opportunities.opportunity_id = crowded.opportunity_id
    left join tied on opportunities.opportunity_id = tied.opportunity_id
    where
        opportunities.account_id is not null
        and crowded.opportunity_id is null

)

select * from final
