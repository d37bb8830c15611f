-- one row per local date of the forecast window, scope and additive metric that is not zero
-- depends_on: {{ ref('act_metric_days') }}
with

settings as (

    select * from {{ ref('act_settings') }}

),

maturities as (

    select * from {{ ref('act_maturities') }}

),

first_days as (

    select
        cast(
            min(coalesce(maturities.last_mature_on, settings.as_of_date))
            - max(settings.plan_forecast_days) + 1 as date
        ) as first_day
    from maturities
    cross join settings

)
{% if execute %}
{% set names = [] %}
{% for metric in catalogue_metrics() if metric.type == 'simple' and metric.meta.direction == 'up' %}
{% do names.append(metric.numerator.name) %}
{% endfor %}
{% set measures = catalogue_measures() | selectattr('is_additive') | selectattr('name', 'in', names) | list %}
,

days as (

    select
        'day' as period_type,
        date as period_start,
        {{ day_dimensions().keys() | join(', ') }},
        {% for measure in measures %}
        {{ exact(measure, measure.name) }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('act_metric_days') }}
    where date >= (select first_day from first_days)

),

added_up as (

    select
        period_start as date,
        {{ grouped_scope_type() }} as scope_type,
        {{ grouped_scope_key() }} as scope_key,
        {% for measure in measures %}
        cast(sum({{ measure.name }}) as double) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    {{ group_by_period_and_scope() }}

),

metric_days as (

    select
        added_up.date,
        added_up.scope_type,
        added_up.scope_key,
        measures.measure,
        case measures.measure
            {% for measure in measures %}
            when '{{ measure.name }}' then added_up.{{ measure.name }}
            {% endfor %}
        end as value
    from added_up
    cross join (
        values
        {% for measure in measures %}
        ('{{ measure.name }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as measures (measure)
    where added_up.scope_key is not null

)

select * from metric_days
where value != 0
{% else %}
select * from first_days
{% endif %}
