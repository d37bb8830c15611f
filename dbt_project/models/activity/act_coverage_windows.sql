-- one row per day on which target lists are looked at, and look-back
with

settings as (

    select * from {{ ref('act_settings') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

lists as (

    select min(valid_from) as first_listed_on
    from {{ ref('act_target_accounts') }}

),

known as (

    select min(date) as first_known_on
    from need_days
    where is_known_day_met

),

-- the end of every month, and the day of the release
looked_at as (

    select
        dates.date as as_of_on,
        dates.quarter_start,
        settings.coverage_days,
    from dates
    cross join settings
    cross join lists
    cross join known
    where
        dates.date >= lists.first_listed_on
        and (
            dates.date = settings.as_of_date
            or (
                dates.date < settings.as_of_date
                and dates.date >= known.first_known_on
                and extract('day' from dates.date + 1) = 1
            )
        )

),

windows as (

    select
        as_of_on,
        'trailing' as look_back,
        as_of_on - coverage_days + 1 as window_start,
    from looked_at

    union all

    select
        as_of_on,
        'quarter_to_date' as look_back,
        quarter_start as window_start,
    from looked_at

)

select * from windows
