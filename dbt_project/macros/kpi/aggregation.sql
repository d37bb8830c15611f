{# The SQL that the catalogue's measures become: one grouped scan per table and date column. #}

{# The additive measures by the scan that gives them: [{name, model, date, dimensions, measures}]. #}
{% macro measure_scans() %}
    {%- set scans = {} -%}
    {%- for measure in catalogue_measures() if measure.is_additive -%}
        {%- set name = measure.model ~ '|' ~ measure.date -%}
        {%- if name not in scans -%}
            {%- do scans.update({name: {
                'name': 'scan_' ~ (scans | length + 1),
                'model': measure.model,
                'date': measure.date,
                'dimensions': measure.dimensions,
                'measures': [],
            }}) -%}
        {%- endif -%}
        {%- do scans[name].measures.append(measure) -%}
    {%- endfor -%}
    {%- do return(scans.values() | list) -%}
{% endmacro %}


{# One scan: date × the dimensions × its measures. Facts later than `as_of` (SQL of a date) are not
   counted. A table without one of the dimensions has null there, which no scope by that dimension shows. #}
{% macro scanned(scan, dimensions, as_of) -%}
    select
        {{ scan.date }} as date,
        {% for dimension, missing in dimensions.items() %}
        {% if dimension in scan.dimensions %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% else %}
        cast(null as varchar) as {{ dimension }},
        {% endif %}
        {% endfor %}
        {% for measure in scan.measures %}
        {{ measure.sql }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref(scan.model) }}
    where {{ scan.date }} <= {{ as_of }}
    group by {% for key in ['date'] + dimensions.keys() | list %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}


{# CTEs: every scan, and `joined`, one row per date and dimensions with all their measures; a CTE `settings`
   stands before them. Each measure comes from one scan: joined, not added up, because 65 sums cost more
   than ten joins. #}
{% macro joined_scans(scans, dimensions) -%}
{% set keys = ['date'] + dimensions.keys() | list %}
{% for scan in scans %}
{{ scan.name }} as (

    {{ scanned(scan, dimensions, '(select as_of_date from settings)') | indent(4) }}

),

{% endfor %}
days as (

    {% for scan in scans %}
    select {{ keys | join(', ') }} from {{ scan.name }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

joined as (

    select
        {% for key in keys %}
        days.{{ key }},
        {% endfor %}
        {% for measure in scans | map(attribute='measures') | sum(start=[]) | sort(attribute='name') %}
        cast({{ exact(measure, 'coalesce(' ~ measure.name ~ ', 0)') }} as {{ measure.type }})
            as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    {% for scan in scans %}
    left join {{ scan.name }}
        on
            {% for key in keys %}
            {{ 'and ' if not loop.first }}days.{{ key }} is not distinct from {{ scan.name }}.{{ key }}
            {% endfor %}
    {% endfor %}

)
{%- endmacro %}


{# A measure as it is added up: seconds and shares to four decimals, so that no order of adding shows. #}
{% macro exact(measure, value) -%}
    {{ 'cast(' ~ value ~ ' as decimal(38, 4))' if measure.type == 'double' else value }}
{%- endmacro %}

{# `group by` of every scope in every period but the call lists, for relations with period_type,
   period_start and the dimensions of a day. #}
{% macro group_by_period_and_scope() -%}
    group by grouping sets (
        {% for columns in day_scopes().values() %}
        ({{ (['period_type', 'period_start'] + columns) | join(', ') }}){{ ',' if not loop.last }}
        {% endfor %}
    )
{%- endmacro %}

{# Which scope a row of those grouping sets is. The scopes of two columns come first. #}
{% macro grouped_scope_type() -%}
    case
        when grouping(team) = 0 and grouping(channel) = 0 then 'team_channel'
        {% for scope, columns in day_scopes().items() if columns | length == 1 %}
        when grouping({{ columns[0] }}) = 0 then '{{ scope }}'
        {% endfor %}
        else 'company'
    end
{%- endmacro %}

{% macro grouped_scope_key() -%}
    case
        when grouping(team) = 0 and grouping(channel) = 0 then {{ team_channel_key('team', 'channel') }}
        {% for scope, columns in day_scopes().items() if columns | length == 1 %}
        when grouping({{ columns[0] }}) = 0 then {{ columns[0] }}
        {% endfor %}
        else 'company'
    end
{%- endmacro %}

{# How team × channel is written, here and in the targets: `East × Web`. #}
{% macro team_channel_key(team, channel) -%}
    {{ team }} || ' × ' || {{ channel }}
{%- endmacro %}

{# CTEs that let numbers stand for texts where millions of rows are sorted or told apart in every scope: for
   `relation`, which has the dimensions of a day, `places` (its combinations, numbered), `scopes` (scope_type,
   scope_key, numbered) and `place_scopes` (which scopes a place counts in; none by a dimension it does not
   have). `prefix` keeps those of several relations apart. #}
{% macro numbered_scopes(relation, prefix='') -%}
{{ prefix }}places as (

    select
        *,
        cast(row_number() over () as integer) as place
    from (select distinct {{ day_dimensions().keys() | join(', ') }} from {{ relation }}) as combinations

),

{{ prefix }}named_scopes as (

    {% for scope_type in day_scopes() %}
    select
        place,
        '{{ scope_type }}' as scope_type,
        {{ scope_key_sql(scope_type, names_missing=false) }} as scope_key
    from {{ prefix }}places
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

{{ prefix }}scopes as (

    select
        *,
        cast(row_number() over () as integer) as scope
    from (select distinct scope_type, scope_key from {{ prefix }}named_scopes) as named

),

{{ prefix }}place_scopes as (

    select
        named.place,
        scopes.scope
    from {{ prefix }}named_scopes as named
    inner join {{ prefix }}scopes as scopes
        on
            named.scope_type = scopes.scope_type
            and named.scope_key = scopes.scope_key

)
{%- endmacro %}

{# Whether a row of `relation` is of the place `places`, in a join. #}
{% macro same_place(relation, places) -%}
    {% for dimension in day_dimensions() %}
    {{ 'and ' if not loop.first }}{{ relation }}.{{ dimension }} is not distinct from {{ places }}.{{ dimension }}
    {% endfor %}
{%- endmacro %}

{# CTEs for the same purpose: `periods` (period_type, period_start, numbered) and `period_days` (the days of
   each), of `dates`. #}
{% macro numbered_periods(dates) -%}
named_period_days as (

    {% for period_type in ['week', 'month', 'quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        date
    from {{ dates }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

periods as (

    select
        *,
        cast(row_number() over () as integer) as period
    from (select distinct period_type, period_start from named_period_days) as named

),

period_days as (

    select
        named.date,
        periods.period
    from named_period_days as named
    inner join periods
        on
            named.period_type = periods.period_type
            and named.period_start = periods.period_start

)
{%- endmacro %}
