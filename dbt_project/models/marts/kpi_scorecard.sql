-- one row per period, scope and metric
-- depends_on: {{ ref('act_metric_facts') }}
with

settings as (

    select * from {{ ref('act_settings') }}

),

periods as (

    select * from {{ ref('act_periods') }}

),

scopes as (

    select * from {{ ref('act_metric_scopes') }}

),

facts as (

    select * from {{ ref('act_metric_facts') }}

),

targets as (

    select * from {{ ref('act_targets') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

leads as (

    select * from {{ ref('fct_leads') }}

),

waits as (

    {{ outcome_waits() }}

),

maturities as (

    {{ days_to_maturity('waits') }}

)
{% if execute %}
{% set metrics = catalogue_metrics() %}
,

metrics as (

    select * from (
        values
        {% for metric in metrics %}
        (
            {{ text_literal(metric.name) }},
            {{ text_literal(metric.numerator.name) }},
            {{ text_literal(metric.denominator.name if metric.denominator else none) }},
            {{ text_literal(metric.needs) }},
            {{ text_literal(metric.meta.maturity) }},
            cast({{ metric.meta.minimum_sample }} as bigint)
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as metrics (metric, numerator_measure, denominator_measure, needs, maturity, minimum_sample)

),

metric_scopes as (

    select * from (
        values
        {% for metric in metrics %}
        {% set last_metric = loop.last %}
        {% for scope in metric.scopes %}
        ('{{ metric.name }}', '{{ scope }}'){{ ',' if not (last_metric and loop.last) }}
        {% endfor %}
        {% endfor %}
    ) as metric_scopes (metric, scope_type)

),

-- The spine: what is covered and not counted is 0.
figures as (

    select
        scopes.period_type,
        scopes.period_start,
        scopes.scope_type,
        scopes.scope_key,
        metrics.metric,
        metrics.maturity,
        metrics.minimum_sample,
        metrics.denominator_measure is not null as is_ratio,
        scopes.covered_days,
        scopes.uncovered_days,
        case when scopes.covered_days > 0 then coalesce(numerators.value, 0) end as numerator,
        case
            when scopes.covered_days > 0 and metrics.denominator_measure is not null
                then coalesce(denominators.value, 0)
        end as denominator
    from scopes
    inner join metrics on scopes.needs = metrics.needs
    inner join metric_scopes
        on
            metrics.metric = metric_scopes.metric
            and scopes.scope_type = metric_scopes.scope_type
    left join facts as numerators
        on
            scopes.period_type = numerators.period_type
            and scopes.period_start = numerators.period_start
            and scopes.scope_type = numerators.scope_type
            and scopes.scope_key = numerators.scope_key
            and metrics.numerator_measure = numerators.measure
    left join facts as denominators
        on
            scopes.period_type = denominators.period_type
            and scopes.period_start = denominators.period_start
            and scopes.scope_type = denominators.scope_type
            and scopes.scope_key = denominators.scope_key
            and metrics.denominator_measure = denominators.measure

),

valued as (

    select
        *,
        case
            when is_ratio then {{ ratio('numerator', 'denominator') }}
            else numerator
        end as value
    from figures

),

compared as (

    select
        valued.period_type,
        valued.period_start,
        periods.period_end,
        periods.is_period_over,
        valued.scope_type,
        valued.scope_key,
        valued.metric,
        valued.numerator,
        valued.denominator,
        valued.value,
        targets.target,
        {{ ratio('valued.value', 'targets.target') }} as attainment,
        -- A rate is expected from the first day on; a count grows with the working days, a person's with his own.
        case
            when valued.is_ratio then targets.target
            else
                targets.target * coalesce(
                    targets.elapsed_share,
                    {{ ratio('periods.business_days_elapsed', 'periods.business_days') }}
                )
        end as pacing_expected,
        previous.value as previous_value,
        year_ago.value as year_ago_value,
        valued.covered_days,
        valued.uncovered_days,
        valued.is_ratio,
        valued.minimum_sample,
        valued.maturity,
        -- Without any outcome so far, a decision falls due by its expiry and nothing else is mature.
        valued.maturity != 'none' and coalesce(
            periods.period_end + cast(coalesce(
                maturities.days_to_maturity,
                case valued.maturity
                    when 'decision' then settings.decision_expires_after_days
                end
            ) as integer) > settings.as_of_date,
            true
        ) as is_maturing
    from valued
    inner join periods
        on
            valued.period_type = periods.period_type
            and valued.period_start = periods.period_start
    cross join settings
    left join maturities on valued.maturity = maturities.maturity
    left join targets
        on
            valued.period_type = targets.period_type
            and valued.period_start = targets.period_start
            and valued.scope_type = targets.scope_type
            and valued.scope_key = targets.scope_key
            and valued.metric = targets.metric
    left join valued as previous
        on
            valued.period_type = previous.period_type
            and periods.previous_period_start = previous.period_start
            and valued.scope_type = previous.scope_type
            and valued.scope_key = previous.scope_key
            and valued.metric = previous.metric
    left join valued as year_ago
        on
            valued.period_type = year_ago.period_type
            and periods.year_ago_period_start = year_ago.period_start
            and valued.scope_type = year_ago.scope_type
            and valued.scope_key = year_ago.scope_key
            and valued.metric = year_ago.metric

),

judged as (

    select
        period_type,
        period_start,
        period_end,
        is_period_over,
        scope_type,
        scope_key,
        metric,
        numerator,
        denominator,
        value,
        target,
        attainment,
        pacing_expected,
        {{ ratio('value', 'pacing_expected') }} as pacing_ratio,
        previous_value,
        year_ago_value,
        covered_days,
        uncovered_days,
        {{
            figure_status(
                'covered_days',
                'uncovered_days',
                'is_maturing',
                'is_ratio and denominator < minimum_sample',
            )
        }} as status
    from compared

)

select * from judged
{% else %}
select * from maturities
{% endif %}
