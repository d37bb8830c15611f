-- one row per period, scope and metric with a target: the first one and how often it was revised
with

targets as (

    select * from {{ ref('stg_planning__targets') }}
    where reject_reason is null

),

settings as (

    select * from {{ ref('act_settings') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

placed as (

    select
        targets.period_type,
        case targets.period_type
            when 'week' then dates.week_start
            when 'month' then dates.month_start
            when 'quarter' then dates.quarter_start
            when 'fiscal_year' then dates.fiscal_year_start
        end as period_start,
        targets.scope_type,
        case
            when targets.scope_type = 'company' then 'company' else targets.scope_key
        end as scope_key,
        targets.metric,
        targets.value as target,
        targets.valid_from,
        targets.extracted_at,
        targets.file_id,
        targets.record
    from targets
    inner join dates on targets.period_start = dates.date

),

-- of a version delivered twice the last delivery counts
versions as (

    select
        placed.* replace (coalesce(placed.valid_from, placed.period_start) as valid_from)
    from placed
    cross join settings
    where coalesce(placed.valid_from, placed.period_start) <= settings.as_of_date
    qualify
        row_number() over (
            partition by
                placed.period_type,
                placed.period_start,
                placed.scope_type,
                placed.scope_key,
                placed.metric,
                coalesce(placed.valid_from, placed.period_start)
            order by placed.extracted_at desc, placed.file_id desc, placed.record desc
        ) = 1

)

select
    period_type,
    period_start,
    scope_type,
    scope_key,
    metric,
    count(*) - 1 as revisions,
    min_by(target, valid_from) as first_target,
    max(valid_from) as last_revised_on
from versions
group by period_type, period_start, scope_type, scope_key, metric
