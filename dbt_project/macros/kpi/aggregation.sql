{# The SQL that the catalogue's measures become: one grouped scan per table and date column. #}

{# CTE bodies, one per (table, date column), united: date × the six dimensions × every additive measure.
   Facts later than `as_of` (SQL of a date) are not counted. A table without one of the dimensions has
   null there, which no scope by that dimension shows. #}
{% macro additive_measures_by_day(as_of) -%}
    {% set additive = catalogue_measures() | selectattr('is_additive') | list %}
    {% set scans = {} %}
    {% for measure in additive %}
        {% set scan = measure.model ~ '|' ~ measure.date %}
        {% if scan not in scans %}{% do scans.update({scan: measure}) %}{% endif %}
    {% endfor %}
    {% for scan, any_measure in scans.items() %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ any_measure.date }} as date,
        {% for dimension, missing in missing_names().items() %}
        {% if dimension in any_measure.dimensions %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% else %}
        cast(null as varchar) as {{ dimension }},
        {% endif %}
        {% endfor %}
        {% for measure in additive %}
        {% if measure.model == any_measure.model and measure.date == any_measure.date %}
        {{ measure.sql }} as {{ measure.name }}{{ ',' if not loop.last }}
        {% else %}
        cast(null as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endif %}
        {% endfor %}
    from {{ ref(any_measure.model) }}
    where {{ any_measure.date }} <= {{ as_of }}
    group by 1, 2, 3, 4, 5, 6, 7
    {% endfor %}
{%- endmacro %}

{# `group by` of every scope in every period, for relations with period_type, period_start and the six
   dimensions. #}
{% macro group_by_period_and_scope() -%}
    group by grouping sets (
        {% for columns in scope_columns().values() %}
        ({{ (['period_type', 'period_start'] + columns) | join(', ') }}){{ ',' if not loop.last }}
        {% endfor %}
    )
{%- endmacro %}

{# Which scope a row of those grouping sets is. The scopes of two columns come first. #}
{% macro grouped_scope_type() -%}
    case
        when grouping(team) = 0 and grouping(channel) = 0 then 'team_channel'
        {% for scope, columns in scope_columns().items() if columns | length == 1 %}
        when grouping({{ columns[0] }}) = 0 then '{{ scope }}'
        {% endfor %}
        else 'company'
    end
{%- endmacro %}

{% macro grouped_scope_key() -%}
    case
        when grouping(team) = 0 and grouping(channel) = 0 then {{ team_channel_key('team', 'channel') }}
        {% for scope, columns in scope_columns().items() if columns | length == 1 %}
        when grouping({{ columns[0] }}) = 0 then {{ columns[0] }}
        {% endfor %}
        else 'company'
    end
{%- endmacro %}

{# How team × channel is written, here and in the targets: `East × Web`. #}
{% macro team_channel_key(team, channel) -%}
    {{ team }} || ' × ' || {{ channel }}
{%- endmacro %}
