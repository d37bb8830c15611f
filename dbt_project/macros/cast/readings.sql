{#
    How a staging table keeps to the active readings, night by night.
#}

{# Readings of an object that count, as SQL; the ones not in the table yet, where it is kept. #}
{% macro readings_to_cast(files, system, object, is_kept) -%}
select files.file_id
        from {{ files }} as files
        where
            files.is_active
            and files.system = {{ literal(system) }}
            and files.object_name = {{ literal(object) }}
    {%- if is_kept %}
            and files.file_id not in (select staged.file_id from {{ this }} as staged)
    {%- endif -%}
{%- endmacro %}


{#
    Rules edited after an export was deleted: its reading keeps its id, so nothing but this text would
    tell that its rows are cast otherwise tonight. Empty as a rule.
#}
{% macro rules_of_lost_exports(files, system, object) %}
    {%- set rows = run_query(
        "select string_agg(files.file_id || files.cast_under, ',' order by files.file_id) from "
        ~ files ~ ' as files where files.is_active and files.cast_under != files.fingerprint'
        ~ ' and files.system = ' ~ literal(system) ~ ' and files.object_name = ' ~ literal(object)
    ).rows -%}
    {%- do return(rows[0][0] or '') -%}
{% endmacro %}


{# Before: rows of readings that no longer count leave. #}
{% macro keep_active_readings() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where file_id not in (
            select files.file_id from {{ source('kura', 'files') }} as files where files.is_active
        )
    {%- endif -%}
{%- endmacro %}


{# After: the table carries the hash of the SQL that made it. #}
{% macro remember_definition() -%}
    {%- if execute and known_definition() != definition_of(model) -%}
        comment on table {{ this }} is {{ literal(definition_of(model)) }}
    {%- endif -%}
{%- endmacro %}


{% macro known_definition() %}
    {%- set rows = run_query(
        'select comment from duckdb_tables() where database_name = ' ~ literal(this.database)
        ~ ' and schema_name = ' ~ literal(this.schema)
        ~ ' and table_name = ' ~ literal(this.identifier)
    ).rows -%}
    {%- do return(rows[0][0] if rows | length else none) -%}
{% endmacro %}


{% macro definition_of(model) %}
    {%- set found = modules.re.search('-- definition ([0-9a-f]+)', model.compiled_code or '') -%}
    {%- do return(found.group(1) if found else none) -%}
{% endmacro %}


{#
    dbt asks this macro by name. A staging table made by other SQL than today's (a released macro,
    a contract, a value map) is made anew without anybody asking for --full-refresh.
#}
{% macro should_full_refresh() %}
    {%- set asked = config.get('full_refresh') -%}
    {%- set asked = flags.FULL_REFRESH if asked is none else asked -%}
    {%- set definition = definition_of(model) if execute else none -%}
    {%- do return(
        asked or (definition is not none and known_definition() != definition)
    ) -%}
{% endmacro %}
