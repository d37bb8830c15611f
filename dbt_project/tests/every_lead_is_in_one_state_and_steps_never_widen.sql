-- one row per line of the lead cohorts whose states or steps do not add up
with

conversion as (

    select * from {{ ref('kpi_channel_conversion') }}

),

wrong as (

    select
        cohort_month,
        channel_group,
        channel,
        campaign,
        motion,
        attribution_model
    from conversion
    where
        leads != (
            state_lead + state_nurturing + state_worked + state_connected + state_meeting
            + state_accepted + state_opportunity + state_won + state_lost
        )
        or not (
            leads >= reached_mql
            and reached_mql >= reached_worked
            and reached_worked >= reached_connected
            and reached_connected >= reached_meeting
            and reached_meeting >= reached_opportunity
            and reached_opportunity >= reached_accepted
            and reached_accepted >= reached_won
            and reached_won = state_won
            and reached_opportunity >= reached_won + reached_lost
        )

)

select * from wrong
