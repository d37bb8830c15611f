-- one row per period type and period that began by the as-of date
with

dates as (

    select * from {{ ref('act_dates') }}

),

settings as (

    select * from {{ ref('act_settings') }}

),

days_of_periods as (

    {% for period_type in ['week', 'month', 'quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        date,
        is_business_day,
        is_as_of_or_before
    from dates
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

periods as (

    select
        period_type,
        period_start,
        case period_type
            when 'week' then period_start + 6
            when 'month' then {{ add_months('period_start', 1) }} - 1
            when 'quarter' then {{ add_months('period_start', 3) }} - 1
            else {{ add_months('period_start', 12) }} - 1
        end as period_end,
        case period_type
            when 'week' then period_start - 7
            when 'month' then {{ add_months('period_start', -1) }}
            when 'quarter' then {{ add_months('period_start', -3) }}
            else {{ add_months('period_start', -12) }}
        end as previous_period_start,
        -- 52 weeks, so that a week is compared with the same weekdays.
        case period_type
            when 'week' then period_start - 364
            else {{ add_months('period_start', -12) }}
        end as year_ago_period_start,
        cast(sum(case when is_business_day then 1 else 0 end) as bigint) as business_days,
        cast(
            sum(case when is_business_day and is_as_of_or_before then 1 else 0 end) as bigint
        ) as business_days_elapsed
    from days_of_periods
    group by period_type, period_start

),

begun as (

    select
        periods.period_type,
        periods.period_start,
        periods.period_end,
        least(periods.period_end, settings.as_of_date) as last_day,
        periods.period_end <= settings.as_of_date as is_period_over,
        periods.previous_period_start,
        periods.year_ago_period_start,
        periods.business_days,
        periods.business_days_elapsed
    from periods
    cross join settings
    where periods.period_start <= settings.as_of_date

)

select * from begun
