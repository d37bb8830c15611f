-- one row per opportunity that a meeting of inside sales gets the credit for
with

settings as (

    select * from {{ ref('act_settings') }}

),

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

account_opportunities as (

    select * from {{ ref('act_account_opportunities') }}

),

opportunity_leads as (

    select * from {{ ref('act_opportunity_leads') }}

),

meetings as (

    select * from {{ ref('act_meeting_bookings') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

episodes as (

    select * from {{ ref('act_meeting_episodes') }}

),

explicit_links as (

    select distinct
        events.related_id as opportunity_id,
        episodes.meeting_id
    from episodes
    inner join events on episodes.event_id = events.event_id
    where
        episodes.meeting_id is not null
        and events.related_id is not null

),

linked as (

    select
        opportunity_id,
        meeting_id,
        1 as basis_rank,
        'explicit' as credit_basis
    from explicit_links

    union all

    select
        opportunity_leads.opportunity_id,
        meetings.meeting_id,
        2 as basis_rank,
        'converted_lead' as credit_basis
    from opportunity_leads
    inner join meetings on opportunity_leads.person_id = meetings.person_id

),

of_account as (

    select
        account_opportunities.opportunity_id,
        meetings.meeting_id,
        3 as basis_rank,
        'account' as credit_basis
    from account_opportunities
    cross join settings
    inner join meetings
        on account_opportunities.account_id = meetings.account_id
        and account_opportunities.created_on
        between meetings.held_on and meetings.held_on + settings.account_rule_days

),

candidates as (

    select * from linked

    union all

    select * from of_account

),

-- one credit: the strongest link, then the latest meeting
final as (

    select
        opportunities.opportunity_id,
        meetings.meeting_id,
        candidates.credit_basis
    from candidates
    inner join opportunities
        on candidates.opportunity_id = opportunities.opportunity_id
    inner join meetings
        on candidates.meeting_id = meetings.meeting_id
        and opportunities.created_on >= meetings.booked_on
    qualify
        row_number() over (
            partition by candidates.opportunity_id
            order by
                candidates.basis_rank asc,
                case when candidates.credit_basis = 'account' then meetings.held_on end desc,
                meetings.booked_at desc,
                meetings.meeting_id desc
        ) = 1

)

select * from final
