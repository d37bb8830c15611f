-- one row per calendar date, from the first plausible day to the end of the as-of date's fiscal year
with

settings as (

    select * from {{ ref('act_settings') }}

),

holidays as (

    select holiday_date, min(name_ja) as holiday_name
    from {{ ref('stg_kura__holidays') }}
    group by holiday_date

),

company_holidays as (

    select holiday_date, min(name) as holiday_name
    from {{ ref('stg_planning__company_holidays') }}
    where reject_reason is null
    group by holiday_date

),

days as (

    {{ days_between(
        "(select calendar_starts_on from settings)",
        "(select " ~ fiscal_start("as_of_date", "fiscal_year_start_month", 12)
        ~ " + to_months(12) - interval 1 day from settings)"
    ) }}

),

periods as (

    select
        days.date,
        settings.as_of_date,
        {{ week_start('days.date', 'settings.week_starts_on') }} as week_start,
        {{ month_start('days.date') }} as month_start,
        {{ fiscal_start('days.date', 'settings.fiscal_year_start_month', 3) }} as quarter_start,
        {{ fiscal_start('days.date', 'settings.fiscal_year_start_month', 12) }} as fiscal_year_start
    from days
    cross join settings

),

named as (

    select
        periods.date,
        periods.week_start,
        periods.month_start,
        periods.quarter_start,
        periods.fiscal_year_start,
        cast(extract('year' from periods.fiscal_year_start) as integer) as fiscal_year,
        cast(extract('isodow' from periods.date) as integer) as weekday,
        extract('isodow' from periods.date) <= 5
        and holidays.holiday_date is null
        and company_holidays.holiday_date is null as is_business_day,
        coalesce(holidays.holiday_name, company_holidays.holiday_name) as holiday_name,
        company_holidays.holiday_date is not null as is_company_holiday,
        periods.date <= periods.as_of_date as is_as_of_or_before
    from periods
    left join holidays on periods.date = holidays.holiday_date
    left join company_holidays on periods.date = company_holidays.holiday_date

)

select * from named
