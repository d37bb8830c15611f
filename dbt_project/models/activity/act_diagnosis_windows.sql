-- one row per period that began and window: the period itself and the days before it
with

-- The calendar begins decades before anything that can be diagnosed.
known as (

    select min(date) as first_day
    from {{ ref('act_metric_days') }}

),

periods as (

    select * from {{ ref('act_periods') }}
    where
        period_type in ('month', 'quarter')
        and period_end >= (select known.first_day from known)

),

dates as (

    select * from {{ ref('act_dates') }}

),

last_business_days as (

    select
        periods.period_type,
        periods.period_start,
        dates.date,
        row_number() over (
            partition by periods.period_type, periods.period_start order by dates.date desc
        ) as place
    from periods
    inner join dates
        on dates.date between periods.period_start and periods.period_end
        and dates.is_business_day

),

endings as (

    select
        period_type,
        period_start,
        min(date) as ending_from
    from last_business_days
    where place <= {{ ending_days('period_type') }}
    group by period_type, period_start

),

windows as (

    select
        periods.period_type,
        periods.period_start,
        'period' as time_window,
        periods.period_start as first_day,
        periods.last_day,
        endings.ending_from
    from periods
    left join endings
        on
            periods.period_type = endings.period_type
            and periods.period_start = endings.period_start

    union all

    select
        period_type,
        period_start,
        'trailing' as time_window,
        period_start - {{ trailing_days() }} as first_day,
        period_start - 1 as last_day,
        cast(null as date) as ending_from
    from periods

)

select * from windows
