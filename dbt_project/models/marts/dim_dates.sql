-- one row per calendar date, from the first day anything is known to the end of the fiscal year
with

dates as (

    select * from {{ ref('act_dates') }}

),

first_days as (

    select min(first_day) as first_day
    from (
        select min(date) as first_day from {{ ref('act_metric_days') }}

        union all

        select min(date) as first_day from {{ ref('act_rep_days') }}

        union all

        select min(date) as first_day
        from {{ ref('act_source_coverage') }}
        where is_covered

        union all

        -- With nothing known yet, the fiscal year the as-of date lies in.
        select max(fiscal_year_start) as first_day from dates
    ) as first_days_of_kinds

)

select
    dates.date,
    dates.week_start,
    dates.month_start,
    dates.quarter_start,
    dates.fiscal_year_start,
    dates.fiscal_year,
    dates.weekday,
    dates.is_business_day,
    dates.is_company_holiday,
    dates.holiday_name,
    dates.is_as_of_or_before
from dates
cross join first_days
where dates.date >= first_days.first_day
