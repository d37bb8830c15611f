-- one row per rep and local date on which the rep is on the roster, up to the as-of date
with

calendar as (

    select * from {{ ref('act_rep_calendar') }}

),

rep_days as (

    select * exclude (is_as_of_or_before)
    from calendar
    where is_as_of_or_before

)

select * from rep_days
