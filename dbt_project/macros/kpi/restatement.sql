{# How tonight's rows are compared with those of the previous release, and what a change is put down to. #}

{# The published tables that are compared row by row: the staging model that shows the earlier rows, their
   key, and the activity model that says what changed. #}
{% macro restated_tables() -%}
    {{ return({
        'fct_calls': {
            'previous': 'stg_kura__previous_calls', 'key': 'call_id', 'changes': 'act_restated_calls',
        },
        'fct_emails': {
            'previous': 'stg_kura__previous_emails', 'key': 'email_id', 'changes': 'act_restated_emails',
        },
        'fct_meetings': {
            'previous': 'stg_kura__previous_meetings', 'key': 'event_id',
            'changes': 'act_restated_meetings',
        },
        'fct_opportunities': {
            'previous': 'stg_kura__previous_opportunities', 'key': 'opportunity_id',
            'changes': 'act_restated_opportunities',
        },
        'fct_hand_raises': {
            'previous': 'stg_kura__previous_hand_raises', 'key': 'hand_raise_id',
            'changes': 'act_restated_hand_raises',
        },
        'fct_leads': {
            'previous': 'stg_kura__previous_leads', 'key': 'person_id', 'changes': 'act_restated_leads',
        },
        'fct_nurture': {
            'previous': 'stg_kura__previous_nurture', 'key': 'nurture_id',
            'changes': 'act_restated_nurture',
        },
    }) }}
{%- endmacro %}

{# The two rows of a changed thing, and which flag says that it has it. #}
{% macro restated_sides() -%}
    {{ return({'old': 'was_there', 'new': 'is_there'}) }}
{%- endmacro %}

{# Of several causes the first in this order is named. #}
{% macro first_cause(cause) -%}
{%- set causes = [
    'late_fact', 'merge', 'delete', 'correction', 'configuration', 'definition', 'unexplained',
] -%}
list_extract(['{{ causes | join("', '") }}'], min(list_position(['{{ causes | join("', '") }}'], {{ cause }})))
{%- endmacro %}

{# The scopes in which restatements are shown. #}
{% macro restated_scopes() -%}
    {{ return(['company', 'business_unit', 'team', 'rep', 'motion', 'channel', 'campaign']) }}
{%- endmacro %}

{# The columns of a compared table, as the contract of its earlier rows lists them. #}
{% macro restated_columns(previous) -%}
    {% set found = [] %}
    {% if execute %}
    {% for node in graph.nodes.values() if node.name == previous and node.resource_type == 'model' %}
        {% do found.extend(node.columns.keys()) %}
    {% endfor %}
    {% endif %}
    {{ return(found) }}
{%- endmacro %}

{# CTEs `previous_release` (one row or none), `new_rows`, `old_rows` and `changed`: the things of a table,
   dated up to the earlier as-of date, that are new, gone or different in any compared column. `changed` holds
   thing_id, is_there, was_there, and both rows whole as `new_row` and `old_row`. Millions of rows are told apart by two
   hashes each; only what changed is read whole. #}
{% macro changed_things(table, date) -%}
{% set facts = restated_tables()[table] %}
{% set columns = restated_columns(facts.previous) %}
{% set compared = columns | reject('in', ['source_file_id', 'source_record']) | list %}
previous_release as (

    select act_previous_release.*
    from {{ ref('act_previous_release') }} as act_previous_release
    inner join {{ ref('stg_kura__previous_tables') }} as previous_tables
        on previous_tables.published_as = '{{ table }}' and previous_tables.is_comparable

),

new_rows as not materialized (

    select {{ (columns or ['*']) | join(', ') }}
    from {{ ref(table) }}
    where {{ date }} <= (select as_of_date from previous_release)

),

old_rows as not materialized (

    select *
    from {{ ref(facts.previous) }}
    where {{ date }} <= (select as_of_date from previous_release)

),

{% for side in ['new', 'old'] %}
{{ side }}_hashes as (

    select
        {{ facts.key }} as thing_id,
        {{ key_hash([facts.key]) }} as key_hash,
        {{ key_hash(compared or [facts.key]) }} as row_hash
    from {{ side }}_rows

),

{% endfor %}
unlike as (

    {% for side, other in [('new', 'old'), ('old', 'new')] %}
    select {{ side }}_hashes.thing_id
    from {{ side }}_hashes
    anti join {{ other }}_hashes
        on
            {{ side }}_hashes.key_hash = {{ other }}_hashes.key_hash
            and {{ side }}_hashes.row_hash = {{ other }}_hashes.row_hash
    {{ 'union' if loop.first }}
    {% endfor %}

),

changed as (

    select
        unlike.thing_id,
        new_rows.{{ facts.key }} is not null as is_there,
        old_rows.{{ facts.key }} is not null as was_there,
        new_rows as new_row,
        old_rows as old_row
    from unlike
    left join new_rows on unlike.thing_id = new_rows.{{ facts.key }}
    left join old_rows on unlike.thing_id = old_rows.{{ facts.key }}

)
{%- endmacro %}

{# Whether both rows of a thing stem from the same record of the same bytes, however these were read. #}
{% macro is_another_record() -%}
split_part(changed.new_row.source_file_id, '.', 1)
is distinct from split_part(changed.old_row.source_file_id, '.', 1)
or changed.new_row.source_record is distinct from changed.old_row.source_record
{%- endmacro %}

{# Whether any of these columns differs between the two rows of a thing of `relation`. #}
{% macro differs(relation, columns) -%}
(
    {% for column in columns %}
    {{ 'or ' if not loop.first }}{{ relation }}.new_row.{{ column }} is distinct from {{ relation }}.old_row.{{ column }}
    {% endfor %}
)
{%- endmacro %}

{# Joins the news of one record to `changed`, as `name`; a CTE `news` stands before it. #}
{% macro news_of(name, kind, news, record) -%}
left join news as {{ name }}
    on
        {{ record }} = {{ name }}.record_id
        and {{ name }}.kind = '{{ kind }}'
        and {{ name }}.news = '{{ news }}'
{%- endmacro %}

{# The same of the person a thing was or is with. #}
{% macro news_of_its_person() -%}
left join news as merged_persons
    on
        changed.old_row.person_id = merged_persons.record_id
        and changed.new_row.person_id = merged_persons.successor_id
        and merged_persons.kind = 'person'
        and merged_persons.news = 'merged'
{{ news_of('came_persons', 'person', 'came', 'changed.new_row.person_id') }}
{{ news_of('gone_persons', 'person', 'deleted', 'changed.new_row.person_id') }}
{%- endmacro %}

{# Why a thing of `judged` is another rep's, team's, business unit's or motion's: another rep is the record's
   word if the record (or what `corrected` names) is another, everything else the roster's. #}
{% macro who_cause(corrected='judged.is_record_changed') -%}
case
    when judged.new_row.rep_id is distinct from judged.old_row.rep_id and ({{ corrected }}) then 'correction'
    {{ otherwise(['roster']) }}
{%- endmacro %}

{# Why a thing of `judged` is another channel's or campaign's. Edited channel rules go before a newer record of the
   same person, which may say anything. #}
{% macro whom_cause(corrected='judged.is_record_changed') -%}
case
    when judged.is_person_merged then 'merge'
    when
        judged.new_row.person_id is not distinct from judged.old_row.person_id
        and judged.new_row.channel is distinct from judged.old_row.channel
        and list_contains(previous_release.changed_planning, 'channel_rules')
        then 'configuration'
    when judged.is_person_deleted then 'delete'
    when {{ corrected }} or judged.is_person_changed then 'correction'
    {{ otherwise([]) }}
{%- endmacro %}

{# The rest of a cause's `case`: what no record explains is put down to what else is different. `planning`
   lists the planning tables that may decide it. #}
{% macro otherwise(planning) -%}
    {% if planning %}
    when list_has_any(previous_release.changed_planning, ['{{ planning | join("', '") }}'])
        then 'configuration'
    {% endif %}
    when previous_release.is_code_changed then 'definition'
    when previous_release.is_configuration_changed then 'configuration'
    when previous_release.has_new_exports then 'correction'
    else 'unexplained'
end
{%- endmacro %}

{# The compared tables that hold the rows of a measure: [{table, date, rows}], `rows` a condition. Empty for what
   is counted over rows no compared table holds. #}
{% macro restated_rows(measure) -%}
    {% set found = [] %}
    {% set tables = restated_tables() %}
    {% if measure.model in tables %}
        {% do found.append({'table': measure.model, 'date': measure.date, 'rows': 'true'}) %}
    {% endif %}
    {% for semantic in graph.semantic_models.values() if semantic.name == measure.semantic_model %}
        {% for seen in semantic.config.meta.get('made_of', []) if seen.table in tables %}
            {% do found.append({
                'table': seen.table,
                'date': seen.date,
                'rows': 'true' if seen.rows == 'all' else seen.rows,
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# The same of an additive measure, with what a row adds to it: [{table, date, amount}]. #}
{% macro restated_places(measure) -%}
    {% set found = [] %}
    {% if measure.agg == 'sum' %}
        {% set amount = 'coalesce(cast(' ~ measure.expr ~ ' as decimal(18, 4)), 0)' %}
    {% elif measure.agg == 'count' %}
        {% set amount = 'case when ' ~ measure.expr ~ ' is not null then 1 else 0 end' %}
    {% else %}
        {% set amount = 'case when ' ~ measure.expr ~ ' then 1 else 0 end' %}
    {% endif %}
    {% for place in (restated_rows(measure) if measure.is_additive else []) %}
        {% do found.append({
            'table': place.table,
            'date': place.date,
            'amount': amount if place.rows == 'true'
                else 'case when ' ~ place.rows ~ ' then ' ~ amount ~ ' else 0 end',
        }) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# Every metric as it is compared row by row: [{metric, table, date, numerator, denominator}], both as SQL of a
   row. Numerator and denominator of one table and date are one entry, so that a row that is in both is one
   thing. #}
{% macro restated_components() -%}
    {% set found = [] %}
    {% for metric in catalogue_metrics() %}
        {% set parts = {} %}
        {% for place in restated_places(metric.numerator) %}
            {% do parts.update({place.table ~ '|' ~ place.date: {
                'metric': metric.name, 'table': place.table, 'date': place.date,
                'numerator': place.amount, 'denominator': '0',
            }}) %}
        {% endfor %}
        {% for place in (restated_places(metric.denominator) if metric.denominator else []) %}
            {% set name = place.table ~ '|' ~ place.date %}
            {% if name in parts %}
                {% do parts[name].update({'denominator': place.amount}) %}
            {% else %}
                {% do parts.update({name: {
                    'metric': metric.name, 'table': place.table, 'date': place.date,
                    'numerator': '0', 'denominator': place.amount,
                }}) %}
            {% endif %}
        {% endfor %}
        {% do found.extend(parts.values()) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# The kinds of periods that are compared. #}
{% macro restated_period_types() -%}
    {{ return(['week', 'month', 'quarter', 'fiscal_year']) }}
{%- endmacro %}

{# CTEs `period_types` and `scope_types`: every kind of each. #}
{% macro period_and_scope_types() -%}
period_types as (

    select unnest(['{{ restated_period_types() | join("', '") }}']) as period_type

),

scope_types as (

    select unnest(['{{ restated_scopes() | join("', '") }}']) as scope_type

)
{%- endmacro %}

{# The first day of the period a date of `dates` lies in, by `period_types.period_type`. #}
{% macro start_by_period_type(dates) -%}
case period_types.period_type
    {% for period_type in restated_period_types() %}
    when '{{ period_type }}' then {{ dates }}.{{ period_type }}_start
    {% endfor %}
end
{%- endmacro %}

{# The key of a place, by `scope_types.scope_type`; `prefix` stands before the names of its attributes. #}
{% macro key_by_scope_type(prefix) -%}
case scope_types.scope_type
    {% for scope in restated_scopes() %}
    when '{{ scope }}' then {{ prefix ~ scope_columns()[scope][0] if scope_columns()[scope] else "'company'" }}
    {% endfor %}
end
{%- endmacro %}
