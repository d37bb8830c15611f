-- one row per period, scope and metric: the target in force at the as-of date
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

    -- A target may name any day of its period, so that a week's target survives another week start.
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
        targets.owner,
        targets.due_date,
        targets.valid_from,
        targets.extracted_at,
        targets.file_id,
        targets.record
    from targets
    inner join dates on targets.period_start = dates.date

),

-- a target without a day of its own holds from its period on
ranked as (

    select
        placed.*,
        row_number() over (
            partition by
                placed.period_type,
                placed.period_start,
                placed.scope_type,
                placed.scope_key,
                placed.metric
            order by
                coalesce(placed.valid_from, placed.period_start) desc,
                placed.extracted_at desc,
                placed.file_id desc,
                placed.record desc
        ) as place
    from placed
    cross join settings
    where coalesce(placed.valid_from, placed.period_start) <= settings.as_of_date

)

select
    period_type,
    period_start,
    scope_type,
    scope_key,
    metric,
    target,
    owner,
    due_date,
    valid_from
from ranked
where place = 1
