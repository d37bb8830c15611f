-- one row per stretch of working time
with

settings as (

    select * from {{ ref('act_settings') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

clock_spans as (

    select * from {{ ref('act_clock_spans') }}

),

-- hours stated again in a later file replace the earlier statement
planned as (

    select
        valid_from,
        weekday,
        opens,
        closes
    from {{ ref('stg_planning__working_hours') }}
    where reject_reason is null
    qualify
        dense_rank() over (
            partition by valid_from, weekday order by extracted_at desc, file_id desc
        ) = 1

),

defaults as (

    select * from {{ ref('stg_kura__default_working_hours') }}

),

statements as (

    select distinct
        valid_from,
        weekday
    from planned

),

first_statements as (

    select min(valid_from) as first_valid_from from statements

),

stated as (

    select
        dates.date,
        dates.weekday,
        statements.valid_from
    from dates
    asof inner join statements
        on
            dates.weekday = statements.weekday
            and dates.date >= statements.valid_from
    where
        dates.holiday_name is null
        and not dates.is_company_holiday

),

-- planning speaks from its first day on; before it and without it the setting does
openings as (

    select
        stated.date,
        planned.opens,
        planned.closes,
        'planning' as basis
    from stated
    inner join planned
        on
            stated.weekday = planned.weekday
            and stated.valid_from = planned.valid_from

    union all

    select
        dates.date,
        defaults.opens,
        defaults.closes,
        'setting' as basis
    from dates
    cross join defaults
    cross join first_statements
    where
        dates.is_business_day
        and coalesce(dates.date < first_statements.first_valid_from, true)

),

timed as (

    select
        date,
        basis,
        {{ clock_time('date', 'opens') }} as opens,
        {{ clock_time('date', 'closes') }} as closes
    from openings

),

-- openings that overlap are one, or their common minutes would count twice
begun as (

    select
        *,
        coalesce(
            opens > max(closes) over (
                partition by date
                order by opens, closes
                rows between unbounded preceding and 1 preceding
            ),
            true
        ) as is_new
    from timed

),

numbered as (

    select
        *,
        sum(case when is_new then 1 else 0 end) over (
            partition by date
            order by opens, closes
            rows between unbounded preceding and current row
        ) as opening_number
    from begun

),

merged as (

    select
        date,
        opening_number,
        basis,
        min(opens) as opens,
        max(closes) as closes
    from numbered
    group by date, opening_number, basis

),

instants as (

    select
        merged.date,
        merged.basis,
        {{ first_instant('merged.opens', 'clock_spans') | indent(8) }} as opens_at,
        {{ last_instant('merged.closes', 'clock_spans') | indent(8) }} as closes_at
    from merged
    -- no zone is more than a day off UTC
    inner join clock_spans
        on
            merged.opens - interval 2 day < clock_spans.span_to
            and merged.closes + interval 2 day > clock_spans.span_from
    group by merged.date, merged.opening_number, merged.basis, merged.opens, merged.closes

),

-- a time the clocks skip is no working time
hours as (

    select
        *,
        {{ whole_seconds('opens_at', 'closes_at') }} as seconds
    from instants
    where opens_at < closes_at

)

select
    opens_at,
    closes_at,
    date,
    basis,
    cast(
        coalesce(
            sum(seconds) over (
                order by opens_at rows between unbounded preceding and 1 preceding
            ),
            0
        ) as bigint
    ) as seconds_before
from hours
