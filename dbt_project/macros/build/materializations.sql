{#
    How a model's result gets into the work database: each in one statement and one transaction, which DuckDB
    can. dbt's own ways build beside, rename twice and drop, for databases that cannot; over all models of a
    small house that is a good part of dbt's time.

    table, view     made anew every night
    readings        keeps the rows of readings already cast (macros/cast/staged.sql)
#}

{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- do only_a_select() -%}
    {%- do make_way(target) -%}
    {% call statement('main') -%}
        {%- if config.get('contract').enforced %}
            {{- get_assert_columns_equivalent(sql) }}
create or replace table {{ target }}
{{ get_table_columns_and_constraints() }};
insert into {{ target }} {{ get_column_names() }} (
{{ get_select_subquery(sql) }}
);
        {%- else -%}
create or replace table {{ target }} as (
{{ sql }}
);
        {%- endif %}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- do only_a_select() -%}
    {%- do make_way(target) -%}
    {% call statement('main') -%}
        {%- if config.get('contract').enforced %}
            {{- get_assert_columns_equivalent(sql) }}
        {%- endif -%}
create or replace view {{ target }} as (
{{ sql }}
);
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#
    A table whose rows belong to readings. The comment of the table is the definition it was made by
    (macros/cast/readings.sql); the select says whether the rows here are kept.
#}
{% materialization readings, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set made_by = definition_of(sql) -%}
    {%- do only_a_select() -%}
    {%- do make_way(target) -%}
    {% call statement('main') -%}
        {%- if made_by.is_kept -%}
delete from {{ target }}
where file_id not in (
    select files.file_id from {{ source('kura', 'files') }} as files where files.is_active
);
insert into {{ target }} by name (
{{ sql }}
);
        {%- else -%}
create or replace table {{ target }} as (
{{ sql }}
);
comment on table {{ target }} is {{ literal(made_by.definition) }};
        {%- endif %}
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{# A former release may have made a view of what is a table now, or the other way round. #}
{% macro make_way(target) %}
    {%- set existing = load_cached_relation(target) -%}
    {%- if existing is not none and existing.type != target.type -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{% endmacro %}


{# What dbt offers and this project has no use for is refused instead of left out in silence. #}
{% macro only_a_select() %}
    {%- set asked = pre_hooks or post_hooks or config.get('grants') or config.get('indexes')
        or config.get('sql_header') or config.get('persist_docs') -%}
    {%- if asked -%}
        {%- do exceptions.raise_compiler_error(
            'macros/build/materializations.sql knows no hooks, grants, indexes, headers and comments: '
            ~ 'take them from ' ~ model.name ~ ', or teach it.'
        ) -%}
    {%- endif -%}
{% endmacro %}
