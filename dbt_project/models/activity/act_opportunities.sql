-- one row per opportunity, with the meeting that gets the credit and the person it came of
with

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

credits as (

    select * from {{ ref('act_opportunity_credits') }}

),

meetings as (

    select * from {{ ref('act_meeting_bookings') }}

),

opportunity_leads as (

    select * from {{ ref('act_opportunity_leads') }}

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

crm_reps as (

    select * from {{ ref('act_crm_reps') }}

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

-- of several leads the one touched first
lead_persons as (

    select
        opportunity_leads.opportunity_id,
        arg_min(
            opportunity_leads.person_id,
            {
                'created_at': coalesce(person_channels.lead_created_at, timestamp '9999-12-31'),
                'person_id': opportunity_leads.person_id
            }
        ) as person_id
    from opportunity_leads
    left join person_channels on opportunity_leads.person_id = person_channels.person_id
    group by opportunity_leads.opportunity_id

),

-- whoever the credited meeting was with, else the lead it grew from, else its contact
peopled as (

    select
        opportunities.*,
        credits.meeting_id,
        credits.credit_basis,
        meetings.rep_id,
        meetings.team,
        meetings.business_unit as rep_business_unit,
        meetings.motion,
        meetings.manager_rep_id,
        coalesce(
            meetings.person_id,
            lead_persons.person_id,
            crm_people.person_id
        ) as person_id,
        crm_reps.rep_id as owner_rep_id
    from opportunities
    left join credits on opportunities.opportunity_id = credits.opportunity_id
    left join meetings on credits.meeting_id = meetings.meeting_id
    left join lead_persons on opportunities.opportunity_id = lead_persons.opportunity_id
    left join crm_people
        on opportunities.record_system = crm_people.record_system
        and opportunities.primary_contact_id = crm_people.record_id
    left join crm_reps
        on opportunities.record_system = crm_reps.record_system
        and opportunities.owner_id = crm_reps.user_id

),

final as (

    select
        peopled.*,
        coalesce(person_channels.channel_group, '(unlinked)') as channel_group,
        coalesce(person_channels.channel, '(unlinked)') as channel,
        coalesce(campaign_touches.campaign, '(none)') as campaign
    from peopled
    left join person_channels on peopled.person_id = person_channels.person_id
    asof left join campaign_touches
        on peopled.person_id = campaign_touches.person_id
        and peopled.created_at >= campaign_touches.touched_at

)

select * from final
