-- one row per stretch of instants in which the clocks of the reporting zone keep one offset
with

settings as (

    select * from {{ ref('act_settings') }}

),

-- two days more on either side, because local dates begin before and end after those of UTC
midnights as (

    select
        unnest(generate_series(
            cast(min(date) as timestamp) - interval 2 day,
            cast(max(date) as timestamp) + interval 3 day,
            interval 1 day
        )) as midnight
    from {{ ref('act_dates') }}

),

offsets as (

    select
        midnights.midnight,
        {{ reporting_time('midnights.midnight', 'settings') }} - midnights.midnight as utc_offset
    from midnights
    cross join settings

),

following as (

    select
        midnight,
        utc_offset,
        lead(utc_offset) over (order by midnight) as next_offset
    from offsets

),

-- clocks change on a full quarter of an hour
quarters as (

    select
        unnest(generate_series(
            midnight, midnight + interval 1 day, interval 15 minute
        )) as quarter
    from following
    where utc_offset != next_offset

),

placed as (

    select
        quarters.quarter,
        {{ reporting_time('quarters.quarter', 'settings') }} - quarters.quarter as utc_offset
    from quarters
    cross join settings

),

changes as (

    select
        quarter,
        utc_offset
    from placed
    qualify utc_offset != lag(utc_offset) over (order by quarter)

),

beginnings as (

    select
        timestamp '1900-01-01' as span_from,
        arg_min(utc_offset, midnight) as utc_offset
    from offsets

    union all

    select
        quarter as span_from,
        utc_offset
    from changes

),

spans as (

    select
        span_from,
        coalesce(
            lead(span_from) over (order by span_from), timestamp '9999-01-01'
        ) as span_to,
        utc_offset
    from beginnings

)

select * from spans
