-- one row per target (period, scope, metric) and day a revision holds from
with

targets as (

    select * from {{ ref('stg_planning__targets') }}
    where reject_reason is null

),

settings as (

    select * from {{ ref('act_settings') }}

),

-- A target may name any day of its period, so that a week's target survives another week start.
placed as (

    select
        targets.period_type,
        case targets.period_type
            when 'week' then {{ week_start('targets.period_start', 'settings.week_starts_on') }}
            when 'month' then {{ month_start('targets.period_start') }}
            when 'quarter'
                then {{ fiscal_start('targets.period_start', 'settings.fiscal_year_start_month', 3) }}
            when 'fiscal_year'
                then {{ fiscal_start('targets.period_start', 'settings.fiscal_year_start_month', 12) }}
        end as period_start,
        targets.scope_type,
        case
            when targets.scope_type = 'company' then 'company' else targets.scope_key
        end as scope_key,
        targets.metric,
        targets.value as target,
        targets.owner,
        targets.due_date,
        targets.achievable,
        targets.relevant,
        targets.valid_from,
        targets.extracted_at,
        targets.file_id,
        targets.record
    from targets
    cross join settings

),

-- A target without a day of its own holds from its period on. What was written last for a day stands.
standing as (

    select
        *,
        coalesce(valid_from, period_start) as holds_from
    from placed
    qualify
        row_number() over (
            partition by
                period_type,
                period_start,
                scope_type,
                scope_key,
                metric,
                coalesce(valid_from, period_start)
            order by extracted_at desc, file_id desc, record desc
        ) = 1

),

numbered as (

    select
        standing.period_type,
        standing.period_start,
        case standing.period_type
            when 'week' then standing.period_start + 6
            when 'month' then {{ add_months('standing.period_start', 1) }} - 1
            when 'quarter' then {{ add_months('standing.period_start', 3) }} - 1
            else {{ add_months('standing.period_start', 12) }} - 1
        end as period_end,
        standing.scope_type,
        standing.scope_key,
        standing.metric,
        cast(row_number() over revisions as bigint) as revision,
        standing.target,
        lag(standing.target) over revisions as previous_target,
        standing.owner,
        standing.due_date,
        standing.achievable,
        standing.relevant,
        standing.valid_from,
        standing.holds_from,
        cast(lead(standing.holds_from) over revisions - 1 as date) as holds_to
    from standing
    window
        revisions as (
            partition by
                standing.period_type,
                standing.period_start,
                standing.scope_type,
                standing.scope_key,
                standing.metric
            order by standing.holds_from
        )

),

in_force as (

    select
        numbered.*,
        numbered.holds_from <= settings.as_of_date as has_begun,
        numbered.holds_from <= settings.as_of_date
        and coalesce(numbered.holds_to >= settings.as_of_date, true) as is_in_force
    from numbered
    cross join settings

)

select * from in_force
