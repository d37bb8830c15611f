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


{# The hash of the SQL that made the table, which its comment holds; none where there is no table. #}
{% macro known_definition() %}
    {%- set rows = run_query(
        'select comment from duckdb_tables() where database_name = ' ~ literal(this.database)
        ~ ' and schema_name = ' ~ literal(this.schema)
        ~ ' and table_name = ' ~ literal(this.identifier)
    ).rows -%}
    {%- do return(rows[0][0] if rows | length else none) -%}
{% endmacro %}


{# What a compiled staging model says of itself in a line of its own (staged): {definition, is_kept}. #}
{% macro definition_of(compiled) %}
    {%- set found = modules.re.search('-- definition ([0-9a-f]+), (kept|anew)', compiled) -%}
    {%- do return({'definition': found.group(1), 'is_kept': found.group(2) == 'kept'}) -%}
{% endmacro %}
