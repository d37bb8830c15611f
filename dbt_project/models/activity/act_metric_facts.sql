-- one row per period, scope and measure that is not zero
-- depends_on: {{ ref('act_approaches') }}
{% set dimensions = missing_names() %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

days as (

    select * from {{ ref('act_metric_days') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

periods_of_days as (

    {% for period_type in ['week', 'month', 'quarter', 'fiscal_year'] %}
    select date, '{{ period_type }}' as period_type, {{ period_type }}_start as period_start
    from dates
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)
{% if execute %}
{% set measures = catalogue_measures() %}
{% set additive = measures | selectattr('is_additive') | list %}
{% set distinct = measures | rejectattr('is_additive') | list %}
{% set shown = [] %}
{% for metric in catalogue_metrics() %}
{% for scope in metric.scopes %}
{% do shown.append((metric.numerator.name, scope)) %}
{% if metric.denominator %}{% do shown.append((metric.denominator.name, scope)) %}{% endif %}
{% endfor %}
{% endfor %}
,

added_up as (

    select
        periods_of_days.period_type,
        periods_of_days.period_start,
        {{ grouped_scope_type() }} as scope_type,
        {{ grouped_scope_key() }} as scope_key,
        {% for measure in additive %}
        cast(sum(
            {{ 'cast(' ~ measure.name ~ ' as decimal(18, 4))' if measure.type == 'double' else measure.name }}
        ) as double) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    inner join periods_of_days on days.date = periods_of_days.date
    {{ group_by_period_and_scope() }}

),

additive_facts as (

    select
        added_up.period_type,
        added_up.period_start,
        added_up.scope_type,
        added_up.scope_key,
        measures.measure,
        case measures.measure
            {% for measure in additive %}
            when '{{ measure.name }}' then added_up.{{ measure.name }}
            {% endfor %}
        end as value
    from added_up
    cross join (
        values
        {% for measure in additive %}
        ('{{ measure.name }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as measures (measure)

),

{% for measure in distinct %}
{{ measure.name }}_once as (

    -- Each thing once per period and smallest scope; it is counted again, not added up, in the larger ones.
    select distinct
        periods_of_days.period_type,
        periods_of_days.period_start,
        {% for dimension, missing in dimensions.items() %}
        {% if dimension in measure.dimensions %}
        coalesce(facts.{{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% else %}
        cast(null as varchar) as {{ dimension }},
        {% endif %}
        {% endfor %}
        facts.{{ measure.expr }} as thing
    from {{ ref(measure.model) }} as facts
    inner join periods_of_days on facts.{{ measure.date }} = periods_of_days.date
    where facts.{{ measure.date }} <= (select as_of_date from settings)

),

{{ measure.name }}_facts as (

    select
        period_type,
        period_start,
        {{ grouped_scope_type() }} as scope_type,
        {{ grouped_scope_key() }} as scope_key,
        '{{ measure.name }}' as measure,
        cast(count(distinct thing) as double) as value
    from {{ measure.name }}_once
    {{ group_by_period_and_scope() }}

),

{% endfor %}
facts as (

    select * from additive_facts
    {% for measure in distinct %}
    union all
    select * from {{ measure.name }}_facts
    {% endfor %}

),

-- The company's whole won amount is no rep's, and nobody's line of it would be a rep of its own.
shown as (

    select distinct measure, scope_type from (
        values
        {% for pair in shown %}
        ('{{ pair[0] }}', '{{ pair[1] }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as shown (measure, scope_type)

)

-- A null key is a table that does not know the dimension.
select facts.*
from facts
inner join shown on facts.measure = shown.measure and facts.scope_type = shown.scope_type
where facts.value != 0 and facts.scope_key is not null
{% else %}
select * from settings
{% endif %}
