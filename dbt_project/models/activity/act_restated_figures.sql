-- one row per period, scope and metric whose figure of the same days is another than it was shown
-- depends_on: {{ ref('fct_approaches') }}
{% set dimensions = day_dimensions() %}
{% set scopes = "'" ~ restated_scopes() | join("', '") ~ "'" %}
with

previous_release as (

    select * from {{ ref('act_previous_release') }}

),

previous_figures as (

    select *
    from {{ ref('stg_kura__previous_figures') }}
    where scope_type in ({{ scopes }})

),

previous_metrics as (

    select * from {{ ref('stg_kura__previous_metrics') }}

),

scorecard as (

    select kpi_scorecard.*
    from {{ ref('kpi_scorecard') }} as kpi_scorecard
    cross join previous_release
    where
        kpi_scorecard.scope_type in ({{ scopes }})
        and kpi_scorecard.period_start <= previous_release.as_of_date

),

days as (

    select * from {{ ref('act_metric_days') }}

),

-- periods the earlier as-of date lies in: of these the days up to it are compared
running as (

    select
        periods.period_type,
        periods.period_start,
        previous_release.as_of_date
    from {{ ref('act_periods') }} as periods
    cross join previous_release
    where
        previous_release.as_of_date >= periods.period_start
        and previous_release.as_of_date < periods.period_end

)
{% if execute %}
{% set metrics = catalogue_metrics() %}
{% set additive = catalogue_measures() | selectattr('is_additive') | list %}
{% set distinct = catalogue_measures() | rejectattr('is_additive') | list %}
,

running_sums as (

    select
        running.period_type,
        running.period_start,
        {{ grouped_scope_type() | indent(8) }} as scope_type,
        {{ grouped_scope_key() | indent(8) }} as scope_key,
        {% for measure in additive %}
        cast(sum({{ exact(measure, 'days.' ~ measure.name) }}) as double)
            as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    inner join running on days.date between running.period_start and running.as_of_date
    {{ group_by_period_and_scope() | indent(4) }}

),

{% for measure in distinct %}
{{ measure.name }}_once as (

    select distinct
        running.period_type,
        running.period_start,
        {% for dimension, missing in dimensions.items() %}
        {% if dimension in measure.dimensions %}
        coalesce(things.{{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% else %}
        cast(null as varchar) as {{ dimension }},
        {% endif %}
        {% endfor %}
        things.{{ measure.expr }} as thing
    from {{ ref(measure.model) }} as things
    inner join running on things.{{ measure.date }} between running.period_start and running.as_of_date
    where things.{{ measure.expr }} is not null

),

{% endfor %}
running_facts as (

    select
        sums.period_type,
        sums.period_start,
        sums.scope_type,
        sums.scope_key,
        measures.measure,
        case measures.measure
            {% for measure in additive %}
            when '{{ measure.name }}' then sums.{{ measure.name }}
            {% endfor %}
        end as value
    from running_sums as sums
    cross join (
        values
        {% for measure in additive %}
        ('{{ measure.name }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as measures (measure)
    {% for measure in distinct %}

    union all

    select
        period_type,
        period_start,
        {{ grouped_scope_type() | indent(8) }} as scope_type,
        {{ grouped_scope_key() | indent(8) }} as scope_key,
        '{{ measure.name }}' as measure,
        cast(count(distinct thing) as double) as value
    from {{ measure.name }}_once
    {{ group_by_period_and_scope() | indent(4) }}
    {% endfor %}

),

measures_of_metrics as (

    select * from (
        values
        {% for metric in metrics %}
        (
            '{{ metric.name }}',
            '{{ metric.numerator.name }}',
            {{ text_literal(metric.denominator.name if metric.denominator else none) }},
            cast({{ metric.meta.definition_version }} as bigint)
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as measures_of_metrics (metric, numerator_measure, denominator_measure, definition_version)

),

new_figures as (

    select
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        metric,
        numerator,
        denominator
    from scorecard
    where period_end <= (select as_of_date from previous_release)

    union all

    -- where a whole period has no data, the days of its beginning have none either
    select
        scorecard.period_type,
        scorecard.period_start,
        scorecard.period_end,
        scorecard.scope_type,
        scorecard.scope_key,
        scorecard.metric,
        case when scorecard.numerator is not null then coalesce(numerators.value, 0) end as numerator,
        case when scorecard.denominator is not null then coalesce(denominators.value, 0) end as denominator
    from scorecard
    inner join running
        on
            scorecard.period_type = running.period_type
            and scorecard.period_start = running.period_start
    inner join measures_of_metrics on scorecard.metric = measures_of_metrics.metric
    left join running_facts as numerators
        on
            scorecard.period_type = numerators.period_type
            and scorecard.period_start = numerators.period_start
            and scorecard.scope_type = numerators.scope_type
            and scorecard.scope_key = numerators.scope_key
            and measures_of_metrics.numerator_measure = numerators.measure
    left join running_facts as denominators
        on
            scorecard.period_type = denominators.period_type
            and scorecard.period_start = denominators.period_start
            and scorecard.scope_type = denominators.scope_type
            and scorecard.scope_key = denominators.scope_key
            and measures_of_metrics.denominator_measure = denominators.measure

),

-- What the release did not show at all it did not state: a metric of newer code, a new kind of scope.
stated as (

    select distinct
        metric,
        scope_type
    from previous_figures

),

then_periods as (

    select distinct
        period_type,
        period_start,
        period_end
    from previous_figures

),

new_periods as (

    select distinct
        period_type,
        period_start,
        period_end
    from scorecard

),

-- Where weeks or years begin on another day than then, only periods that are in both are compared.
comparable_periods as (

    (
        select * from then_periods
        intersect
        select * from new_periods
    )

    union

    select either.*
    from (
        select * from then_periods
        union
        select * from new_periods
    ) as either
    cross join previous_release
    where
        case either.period_type
            when 'week' then previous_release.has_same_weeks
            when 'month' then true
            else previous_release.has_same_fiscal_years
        end

),

compared as (

    select
        coalesce(new_figures.period_type, previous_figures.period_type) as period_type,
        coalesce(new_figures.period_start, previous_figures.period_start) as period_start,
        coalesce(new_figures.period_end, previous_figures.period_end) as period_end,
        coalesce(new_figures.scope_type, previous_figures.scope_type) as scope_type,
        coalesce(new_figures.scope_key, previous_figures.scope_key) as scope_key,
        coalesce(new_figures.metric, previous_figures.metric) as metric,
        previous_figures.numerator as old_numerator,
        previous_figures.denominator as old_denominator,
        new_figures.numerator as new_numerator,
        new_figures.denominator as new_denominator
    from new_figures
    full join previous_figures
        on
            new_figures.period_type = previous_figures.period_type
            and new_figures.period_start = previous_figures.period_start
            and new_figures.scope_type = previous_figures.scope_type
            and new_figures.scope_key = previous_figures.scope_key
            and new_figures.metric = previous_figures.metric

),

moved as (

    select
        compared.*,
        measures_of_metrics.denominator_measure is not null as is_ratio,
        previous_metrics.definition_version is distinct from measures_of_metrics.definition_version
            as is_redefined,
        cast(coalesce(compared.new_numerator, 0) as decimal(38, 4))
        - cast(coalesce(compared.old_numerator, 0) as decimal(38, 4)) as numerator_difference,
        cast(coalesce(compared.new_denominator, 0) as decimal(38, 4))
        - cast(coalesce(compared.old_denominator, 0) as decimal(38, 4)) as denominator_difference
    from compared
    inner join measures_of_metrics on compared.metric = measures_of_metrics.metric
    left join previous_metrics on compared.metric = previous_metrics.metric
    semi join stated
        on compared.metric = stated.metric and compared.scope_type = stated.scope_type
    semi join comparable_periods
        on
            compared.period_type = comparable_periods.period_type
            and compared.period_start = comparable_periods.period_start

)

select * from moved
where numerator_difference <> 0 or denominator_difference <> 0
{% else %}
select * from running
{% endif %}
