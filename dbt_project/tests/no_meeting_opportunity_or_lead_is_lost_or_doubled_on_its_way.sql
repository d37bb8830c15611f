-- one row per step on the way to the marts that changes the number of rows
with

counted as (

    select
        'events to fct_meetings' as step,
        (select count(*) from {{ ref('act_meeting_events') }}) as rows_before,
        (select count(*) from {{ ref('fct_meetings') }}) as rows_after

    union all

    select
        'external events to episodes' as step,
        (
            select count(*)
            from {{ ref('act_meeting_events') }}
            where party_reason is null
        ) as rows_before,
        (select count(*) from {{ ref('act_meeting_episodes') }}) as rows_after

    union all

    select
        'meetings to their bookings' as step,
        (select count(*) from {{ ref('act_meetings') }}) as rows_before,
        (select count(*) from {{ ref('fct_meetings') }}
where is_booked) as rows_after

    union all

    select
        'states to fct_opportunities' as step,
        (select count(*) from {{ ref('act_opportunity_states') }}) as rows_before,
        (select count(*) from {{ ref('fct_opportunities') }}) as rows_after

    union all

    select
        'leads to cohorts' as step,
        (select count(*) from {{ ref('act_person_channels') }}
where is_lead) as rows_before,
        (select sum(leads) from {{ ref('kpi_channel_conversion') }}) as rows_after

),

wrong as (

    select *
    from counted
    where rows_before is distinct from coalesce(rows_after, 0)

)

select * from wrong
