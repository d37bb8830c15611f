{#
    Hooks of the staging models: what leaves the table before new readings are appended.
#}

{# Before: rows of readings that no longer count go, or all rows when the model itself changed. #}
{% macro keep_active_readings() -%}
    {%- set existing = load_relation(this) -%}
    {%- if execute and existing is not none and existing.is_table and not should_full_refresh() -%}
        delete from {{ this }}
        {%- if known_definition() == definition_of(model) %}
        where file_id not in (
            select files.file_id from {{ source('kura', 'files') }} as files where files.is_active
        )
        {%- endif -%}
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
    {%- do return(found.group(1) if found else 'unknown') -%}
{% endmacro %}
