-- one row per period type and place beside the as-of date: the period it lies in, the one before, the next
{% set period_types = ['week', 'month', 'quarter', 'fiscal_year'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

begun as (

    select * from {{ ref('act_periods') }}

),

current_periods as (

    select begun.*
    from begun
    inner join settings on settings.as_of_date between begun.period_start and begun.period_end

),

starts as (

    {% for period_type in period_types %}
    select distinct
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start
    from dates
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

placed as (

    select
        begun.period_type,
        begun.period_start,
        begun.period_end,
        'previous' as position
    from begun
    inner join current_periods
        on
            begun.period_type = current_periods.period_type
            and begun.period_start = current_periods.previous_period_start

    union all

    select
        period_type,
        period_start,
        period_end,
        'current' as position
    from current_periods

    union all

    select
        starts.period_type,
        starts.period_start,
        case starts.period_type
            when 'week' then starts.period_start + 6
            when 'month' then {{ add_months('starts.period_start', 1) }} - 1
            when 'quarter' then {{ add_months('starts.period_start', 3) }} - 1
            else {{ add_months('starts.period_start', 12) }} - 1
        end as period_end,
        'next' as position
    from starts
    inner join current_periods
        on
            starts.period_type = current_periods.period_type
            and starts.period_start = current_periods.period_end + 1

),

-- A period the calendar does not know to its end has no number of business days.
counted as (

    select
        placed.period_type,
        placed.period_start,
        placed.period_end,
        placed.position,
        cast(count(*) filter (where dates.is_business_day) as bigint) as business_days,
        cast(
            count(*) filter (where dates.is_business_day and not dates.is_as_of_or_before) as bigint
        ) as business_days_remaining
    from placed
    inner join dates on dates.date between placed.period_start and placed.period_end
    group by placed.period_type, placed.period_start, placed.period_end, placed.position
    having max(dates.date) = placed.period_end

)

select * from counted
