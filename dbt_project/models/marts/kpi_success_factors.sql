-- one row per KGI, success factor, metric, period and scope
with

factors as (

    select * from {{ ref('act_success_factors') }}

),

periods as (

    select *
    from {{ ref('act_plan_periods') }}
    where
        period_type != 'week'
        and position in ('previous', 'current')

),

settings as (

    select * from {{ ref('act_settings') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

scopes as (

    select distinct
        period_type,
        period_start,
        scope_type,
        scope_key
    from {{ ref('act_metric_scopes') }}
    where scope_type in ('company', 'team')

),

scorecard as (

    select *
    from {{ ref('kpi_scorecard') }}
    where scope_type in ('company', 'team')

),

-- The company's line stays even where nothing is known: a misspelt metric must be seen.
places as (

    select
        periods.*,
        'company' as scope_type,
        'company' as scope_key
    from periods
    where
        periods.position = 'current'
        or exists (
            select 1
            from scopes
            where
                periods.period_type = scopes.period_type
                and periods.period_start = scopes.period_start
        )

    union all

    select
        periods.*,
        scopes.scope_type,
        scopes.scope_key
    from periods
    inner join scopes
        on
            periods.period_type = scopes.period_type
            and periods.period_start = scopes.period_start
    where scopes.scope_type = 'team'

),

joined as (

    select
        factors.kgi_metric,
        kgi_metrics.name_ja as kgi_name_ja,
        kgi_metrics.name_en as kgi_name_en,
        factors.factor_id,
        factors.name_ja as factor_name_ja,
        coalesce(factors.name_en, factors.name_ja) as factor_name_en,
        factors.step,
        factors.metric,
        metrics.name_ja as metric_name_ja,
        metrics.name_en as metric_name_en,
        metrics.purpose_ja,
        metrics.purpose_en,
        metrics.unit,
        metrics.direction,
        metrics.metric is not null as is_metric_known,
        kgi_metrics.metric is not null as is_kgi_known,
        places.period_type,
        places.period_start,
        places.period_end,
        places.position,
        places.period_end <= settings.as_of_date as is_period_over,
        places.scope_type,
        places.scope_key,
        figures.numerator,
        figures.denominator,
        figures.value,
        figures.target,
        figures.attainment,
        figures.pacing_ratio,
        coalesce(figures.status, 'unavailable') as status,
        goals.value as kgi_value,
        goals.target as kgi_target,
        goals.attainment as kgi_attainment
    from factors
    cross join places
    cross join settings
    left join metrics on factors.metric = metrics.metric
    left join metrics as kgi_metrics on factors.kgi_metric = kgi_metrics.metric
    left join scorecard as figures
        on
            places.period_type = figures.period_type
            and places.period_start = figures.period_start
            and places.scope_type = figures.scope_type
            and places.scope_key = figures.scope_key
            and factors.metric = figures.metric
    left join scorecard as goals
        on
            places.period_type = goals.period_type
            and places.period_start = goals.period_start
            and places.scope_type = goals.scope_type
            and places.scope_key = goals.scope_key
            and factors.kgi_metric = goals.metric
    where
        places.scope_type = 'company'
        or figures.metric is not null

)

select * from joined
