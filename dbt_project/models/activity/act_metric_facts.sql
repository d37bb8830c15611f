-- one row per period, scope and measure that is not zero
-- depends_on: {{ ref('fct_approaches') }}
{% set dimensions = day_dimensions() %}
{% set by_dimension = dimensions.keys() | join(', ') %}
{% set period_types = ['week', 'month', 'quarter', 'fiscal_year'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

days as (

    select * from {{ ref('act_metric_days') }}

),

list_days as (

    select * from {{ ref('act_metric_list_days') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

months as (

    select distinct
        month_start,
        quarter_start,
        fiscal_year_start
    from dates

)
{% if execute %}
{% set measures = catalogue_measures() %}
{% set additive = measures | selectattr('is_additive') | list %}
{% set distinct = measures | rejectattr('is_additive') | list %}
{% set listed = [] %}
{% for measure in additive if 'call_list' in measure.dimensions %}{% do listed.append(measure) %}{% endfor %}
{% set shown = [] %}
{% for metric in catalogue_metrics() %}
{% for scope in metric.scopes %}
{% do shown.append((metric.numerator.name, scope)) %}
{% if metric.denominator %}{% do shown.append((metric.denominator.name, scope)) %}{% endif %}
{% endfor %}
{% endfor %}
,

-- days are added up once to weeks and to months, and the longer periods from months
{% for period_type in period_types %}
{% set from = 'dates' if period_type in ['week', 'month'] else 'month_sums' %}
{{ period_type }}_sums as (

    select
        '{{ period_type }}' as period_type,
        {% if from == 'dates' %}
        dates.{{ period_type }}_start as period_start,
        {% else %}
        months.{{ period_type }}_start as period_start,
        {% endif %}
        {{ by_dimension }},
        {% for measure in additive %}
        sum({{ exact(measure, measure.name) }}) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    {% if from == 'dates' %}
    from days
    inner join dates on days.date = dates.date
    {% else %}
    from month_sums
    inner join months on month_sums.period_start = months.month_start
    {% endif %}
    group by all

),

{% endfor %}
period_sums as (

    {% for period_type in period_types %}
    select * from {{ period_type }}_sums
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

added_up as (

    select
        period_type,
        period_start,
        {{ grouped_scope_type() }} as scope_type,
        {{ grouped_scope_key() }} as scope_key,
        {% for measure in additive %}
        cast(sum({{ measure.name }}) as double) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from period_sums
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

{% if listed %}
list_sums as (

    {% for period_type in period_types %}
    select
        '{{ period_type }}' as period_type,
        dates.{{ period_type }}_start as period_start,
        list_days.call_list,
        {% for measure in listed %}
        cast(sum({{ exact(measure, 'list_days.' ~ measure.name) }}) as double)
            as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from list_days
    inner join dates on list_days.date = dates.date
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

list_facts as (

    select
        list_sums.period_type,
        list_sums.period_start,
        'call_list' as scope_type,
        list_sums.call_list as scope_key,
        measures.measure,
        case measures.measure
            {% for measure in listed %}
            when '{{ measure.name }}' then list_sums.{{ measure.name }}
            {% endfor %}
        end as value
    from list_sums
    cross join (
        values
        {% for measure in listed %}
        ('{{ measure.name }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as measures (measure)

),

{% endif %}
{{ numbered_periods('dates') }},

{% for measure in distinct %}
{{ measure.name }}_seen as (

    select
        {{ measure.date }} as date,
        {% for dimension, missing in dimensions.items() %}
        {% if dimension in measure.dimensions %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% else %}
        cast(null as varchar) as {{ dimension }},
        {% endif %}
        {% endfor %}
        {{ measure.expr }} as thing
    from {{ ref(measure.model) }}
    where
        {{ measure.date }} <= (select as_of_date from settings)
        and {{ measure.expr }} is not null

),

-- numbers stand for texts, because millions of rows are told apart below
{{ measure.name }}_things as (

    select
        thing,
        cast(row_number() over () as integer) as thing_number
    from (select distinct thing from {{ measure.name }}_seen) as distinct_things

),

{{ numbered_scopes(measure.name ~ '_seen', measure.name ~ '_') }},

{{ measure.name }}_numbered as (

    select
        seen.date,
        places.place,
        things.thing_number
    from {{ measure.name }}_seen as seen
    inner join {{ measure.name }}_things as things on seen.thing = things.thing
    inner join {{ measure.name }}_places as places
        on
            {{ same_place('seen', 'places') | indent(8) }}

),

-- each thing once per period and place; it is told apart again, not added up, in the scopes of the place
{{ measure.name }}_once as (

    select distinct
        period_days.period,
        numbered.place,
        numbered.thing_number
    from {{ measure.name }}_numbered as numbered
    inner join period_days on numbered.date = period_days.date

),

{{ measure.name }}_told_apart as (

    select distinct
        once.period,
        place_scopes.scope,
        once.thing_number
    from {{ measure.name }}_once as once
    inner join {{ measure.name }}_place_scopes as place_scopes on once.place = place_scopes.place

),

{{ measure.name }}_counted as (

    select
        period,
        scope,
        count(*) as things
    from {{ measure.name }}_told_apart
    group by
        period,
        scope

),

{{ measure.name }}_facts as (

    select
        periods.period_type,
        periods.period_start,
        scopes.scope_type,
        scopes.scope_key,
        '{{ measure.name }}' as measure,
        cast(counted.things as double) as value
    from {{ measure.name }}_counted as counted
    inner join periods on counted.period = periods.period
    inner join {{ measure.name }}_scopes as scopes on counted.scope = scopes.scope

),

{% endfor %}
facts as (

    select * from additive_facts
    {% if listed %}
    union all
    select * from list_facts
    {% endif %}
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
