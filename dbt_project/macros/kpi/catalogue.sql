{# The KPI catalogue as dbt parsed it: the only place where models learn what is measured and how.
   Metrics come from `graph.metrics`, measures from `graph.semantic_models`; both are known only when SQL is
   executed, so a model that calls these names its refs in `-- depends_on` lines. What the catalogue may not
   hold (filters, derived metrics, means) is refused here rather than computed wrongly. #}

{# Scope → the columns that make its key. `company` has none. #}
{% macro scope_columns() -%}
    {{ return({
        'company': [],
        'business_unit': ['business_unit'],
        'team': ['team'],
        'rep': ['rep_id'],
        'motion': ['motion'],
        'channel': ['channel'],
        'campaign': ['campaign'],
        'call_list': ['call_list'],
        'team_channel': ['team', 'channel'],
    }) }}
{%- endmacro %}

{# SQL of the key of a scope, of a row that has the columns of the scope; what is missing is called by its name,
   or the key is null. #}
{% macro scope_key_sql(scope, names_missing=true) -%}
    {%- set parts = [] -%}
    {%- for column in scope_columns()[scope] -%}
        {%- do parts.append('coalesce(' ~ column ~ ", '" ~ missing_names()[column] ~ "')" if names_missing else column) -%}
    {%- endfor -%}
    {{ return(team_channel_key(parts[0], parts[1]) if parts | length == 2 else (parts or ["'company'"])[0]) }}
{%- endmacro %}

{# What a fact without the attribute is called; such facts are a line of their own, never dropped. #}
{% macro missing_names() -%}
    {{ return({
        'rep_id': '(unassigned)',
        'team': '(unassigned)',
        'business_unit': '(unassigned)',
        'motion': '(unassigned)',
        'channel': '(unlinked)',
        'campaign': '(none)',
        'call_list': '(none)',
    }) }}
{%- endmacro %}

{# Whether somebody or something is named by a key, and not one of the lines of what cannot be attributed. By
   those lines' whole names: a list may well be called (旧)東京. #}
{% macro is_attributed(key) -%}
    {{ key }} not in ('{{ (missing_names().values() | unique | list + ['(unmapped)']) | join("', '") }}')
{%- endmacro %}

{# What a line of act_metric_days is told apart by. Not by call list: it would multiply the lines of every
   table, and only calls know it. Lists have days of their own (act_metric_list_days). #}
{% macro day_dimensions() -%}
    {% set found = missing_names() %}
    {% do found.pop('call_list') %}
    {{ return(found) }}
{%- endmacro %}

{# The scopes whose columns those are. #}
{% macro day_scopes() -%}
    {% set found = scope_columns() %}
    {% do found.pop('call_list') %}
    {{ return(found) }}
{%- endmacro %}

{# Every measure, sorted by name: name, agg, sql (the aggregate), expr, type, is_additive, semantic_model,
   model (what to ref), date (SQL of its day), rows (SQL: whether a row counts), each (SQL: what a row that
   counts adds, or the thing it is told apart by), dimensions. #}
{% macro catalogue_measures() -%}
    {% set found = [] %}
    {% for semantic in graph.semantic_models.values() | sort(attribute='name') %}
        {% set dates = {} %}
        {% set dimensions = [] %}
        {% for dimension in semantic.dimensions %}
            {% if dimension.type == 'time' %}
                {% do dates.update({dimension.name: dimension.expr or dimension.name}) %}
            {% else %}
                {% do dimensions.append(dimension.name) %}
            {% endif %}
        {% endfor %}
        {% for measure in semantic.measures %}
            {% set expr = measure.expr or measure.name %}
            {% set agg = measure.agg | string | lower %}
            {% set agg = agg.split('.')[-1] %}
            {% if agg == 'sum_boolean' %}
                {% set sql = 'cast(sum(case when ' ~ expr ~ ' then 1 else 0 end) as bigint)' %}
                {% set rows, each = expr, '1' %}
            {% elif agg == 'count' %}
                {% set sql = 'cast(count(' ~ expr ~ ') as bigint)' %}
                {% set rows, each = expr ~ ' is not null', '1' %}
            {% elif agg == 'sum' %}
                {# Exact decimals: the sum of doubles would depend on the order two threads add in. #}
                {% set sql = 'cast(sum(cast(' ~ expr ~ ' as decimal(18, 4))) as double)' %}
                {% set rows, each = '(' ~ expr ~ ') <> 0', 'cast(' ~ expr ~ ' as decimal(18, 4))' %}
            {% elif agg == 'count_distinct' %}
                {% set sql = 'cast(count(distinct ' ~ expr ~ ') as bigint)' %}
                {% set rows, each = expr ~ ' is not null', expr %}
            {% else %}
                {% do exceptions.raise_compiler_error(
                    'Measure ' ~ measure.name ~ ' uses agg ' ~ agg ~ '; only counts and sums can be KPIs here.'
                ) %}
            {% endif %}
            {% set date = dates[measure.agg_time_dimension or semantic.defaults.agg_time_dimension] %}
            {% do found.append({
                'name': measure.name,
                'agg': agg,
                'expr': expr,
                'sql': sql,
                'rows': rows,
                'each': each,
                'type': 'double' if agg == 'sum' else 'bigint',
                'is_additive': agg != 'count_distinct',
                'semantic_model': semantic.name,
                'model': semantic.refs[0].name,
                'date_name': measure.agg_time_dimension or semantic.defaults.agg_time_dimension,
                'date': date,
                'dimensions': dimensions,
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(found | sort(attribute='name')) }}
{%- endmacro %}

{# Every metric, sorted by name: name, type, numerator and denominator (measures as above, denominator none
   for simple metrics), label, description, meta, scopes it is shown for. #}
{% macro catalogue_metrics() -%}
    {% set measures = {} %}
    {% for measure in catalogue_measures() %}
        {% do measures.update({measure.name: measure}) %}
    {% endfor %}
    {% set simple = {} %}
    {% for metric in graph.metrics.values() %}
        {% if metric.filter %}
            {% do exceptions.raise_compiler_error('Metric ' ~ metric.name ~ ': put the filter into its measure.') %}
        {% endif %}
        {% if metric.type == 'simple' %}
            {% do simple.update({metric.name: measures[metric.type_params.measure.name]}) %}
        {% endif %}
    {% endfor %}
    {% set found = [] %}
    {% for metric in graph.metrics.values() | sort(attribute='name') %}
        {% if metric.type == 'simple' %}
            {% set numerator = simple[metric.name] %}
            {% set denominator = none %}
        {% elif metric.type == 'ratio' %}
            {% set numerator = simple[metric.type_params.numerator.name] %}
            {% set denominator = simple[metric.type_params.denominator.name] %}
        {% else %}
            {% do exceptions.raise_compiler_error(
                'Metric ' ~ metric.name ~ ' is ' ~ metric.type ~ '; only simple and ratio metrics can be summed up.'
            ) %}
        {% endif %}
        {% set meta = metric.config.meta %}
        {% set scopes = [] %}
        {% for scope, columns in scope_columns().items() %}
            {% set lacking = [] %}
            {% for column in columns %}
                {% if column not in numerator.dimensions
                    or (denominator is not none and column not in denominator.dimensions) %}
                    {% do lacking.append(column) %}
                {% endif %}
            {% endfor %}
            {# distinct things are counted anew in every scope of act_metric_days, and lists are none of it #}
            {% if scope == 'call_list' and not (
                numerator.is_additive and (denominator is none or denominator.is_additive)
            ) %}
                {% do lacking.append(scope) %}
            {% endif %}
            {% if not lacking and scope in meta.get('scopes', [scope]) %}
                {% do scopes.append(scope) %}
            {% endif %}
        {% endfor %}
        {% do found.append({
            'name': metric.name,
            'type': metric.type | string,
            'label': metric.label,
            'description': metric.description,
            'numerator': numerator,
            'denominator': denominator,
            'meta': meta,
            'needs': needs_key(meta.needs),
            'scopes': scopes,
        }) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# The name of a set of needs: ['sfa', 'cti'] → 'cti+sfa', [] → 'nothing'. #}
{% macro needs_key(needs) -%}
    {{ return((needs | sort | join('+')) or 'nothing') }}
{%- endmacro %}

{# A text as an SQL literal, null for none. #}
{% macro text_literal(value) -%}
    {%- if value is none -%}cast(null as varchar){%- else -%}'{{ value | replace("'", "''") }}'{%- endif -%}
{%- endmacro %}
