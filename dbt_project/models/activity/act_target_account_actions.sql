-- one row per account of a target list, date, person and who it was: what happened that day
with

accounts as (

    select distinct account_id
    from {{ ref('act_target_accounts') }}

),

calls as (

    select * from {{ ref('fct_calls') }}
    where is_dial

),

emails as (

    select * from {{ ref('fct_emails') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}
    where is_held

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where is_sourced

),

happened as (

    select
        calls.account_id,
        calls.called_on as acted_on,
        calls.rep_id,
        calls.team,
        calls.business_unit,
        calls.motion,
        calls.person_id,
        1 as approaches,
        case when calls.is_connect then 1 else 0 end as connects,
        0 as meetings_held,
        0 as opportunities_created
    from calls
    semi join accounts on calls.account_id = accounts.account_id

    union all

    select
        emails.account_id,
        emails.sent_on as acted_on,
        emails.rep_id,
        emails.team,
        emails.business_unit,
        emails.motion,
        emails.person_id,
        1 as approaches,
        0 as connects,
        0 as meetings_held,
        0 as opportunities_created
    from emails
    semi join accounts on emails.account_id = accounts.account_id

    union all

    select
        meetings.account_id,
        meetings.meeting_on as acted_on,
        meetings.rep_id,
        meetings.team,
        meetings.business_unit,
        meetings.motion,
        meetings.person_id,
        0 as approaches,
        0 as connects,
        1 as meetings_held,
        0 as opportunities_created
    from meetings
    semi join accounts on meetings.account_id = accounts.account_id

    union all

    select
        opportunities.account_id,
        opportunities.created_on as acted_on,
        opportunities.rep_id,
        opportunities.team,
        opportunities.business_unit,
        opportunities.motion,
        opportunities.person_id,
        0 as approaches,
        0 as connects,
        0 as meetings_held,
        1 as opportunities_created
    from opportunities
    semi join accounts on opportunities.account_id = accounts.account_id

),

actions as (

    select
        account_id,
        acted_on,
        rep_id,
        team,
        business_unit,
        motion,
        person_id,
        cast(sum(approaches) as bigint) as approaches,
        cast(sum(connects) as bigint) as connects,
        cast(sum(meetings_held) as bigint) as meetings_held,
        cast(sum(opportunities_created) as bigint) as opportunities_created,
    from happened
    group by account_id, acted_on, rep_id, team, business_unit, motion, person_id

)

select * from actions
