{#
    What sources.yml says about values and formats, as literals in the generated SQL: DuckDB's
    strptime takes constant formats only. All of it is part of a reading's fingerprint.
#}

{# {column: {source_id: [(from, to)]}} for the columns a value map may concern. #}
{% macro configured_values(relations, system, object, columns) %}
    {%- set maps = {} -%}
    {%- set may_map = system == 'mapped' or columns | selectattr('configurable') | list -%}
    {%- if may_map and load_relation(relations.value_maps) is not none -%}
        {%- set rows = run_query(
            'select maps.source_id, maps.column_name, maps.from_value, maps.to_value from '
            ~ relations.value_maps ~ ' as maps inner join ' ~ relations.sources ~ ' as sources'
            ~ ' on maps.source_id = sources.source_id where sources.system = ' ~ literal(system)
            ~ ' and maps.object = ' ~ literal(object) ~ ' order by all'
        ) -%}
        {%- for source_id, column_name, from_value, to_value in rows.rows -%}
            {%- do maps.setdefault(column_name, {}).setdefault(source_id, []).append(
                (from_value, to_value)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(maps) -%}
{% endmacro %}


{% macro with_values(text, maps) -%}
    {%- if maps -%}
        case sources.source_id
        {%- for source_id, pairs in maps.items() %}
            when {{ literal(source_id) }} then
                case {{ match_key(text) }}
                {%- for from_value, to_value in pairs %}
                    when {{ match_key(literal(from_value)) }} then {{ literal(to_value) }}
                {%- endfor %}
                    else {{ text }}
                end
        {%- endfor %}
            else {{ text }}
        end
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endmacro %}


{# {column: {source_id: {type, formats, decimal, thousands, factor, constant, units}}} of a mapped object. #}
{% macro mapped_formats(mapped_columns, system, object) %}
    {%- set formats = {} -%}
    {%- if system == 'mapped' and load_relation(mapped_columns) is not none -%}
        {%- set rows = run_query(
            'select source_id, column_name, type, format, decimal_separator, thousands_separator,'
            ~ ' unit_factor, constant, units from ' ~ mapped_columns ~ ' where object = ' ~ literal(object)
            ~ ' order by all'
        ) -%}
        {%- for row in rows.rows -%}
            {%- set spelled = row[3] or '' -%}
            {%- do formats.setdefault(row[1], {}).update({row[0]: {
                'type': row[2],
                'formats': fromjson(spelled) if spelled.startswith('[') else
                    ([spelled] if spelled else []),
                'decimal': row[4],
                'thousands': row[5],
                'factor': row[6],
                'constant': row[7],
                'units': fromjson(row[8]) if row[8] else [],
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(formats) -%}
{% endmacro %}


{# {column: {source_id: path}} of the columns a source reads from a field of its own. #}
{% macro configured_paths(relations, system, object, columns) %}
    {%- set paths = {} -%}
    {%- if columns | selectattr('configurable') | list
        and load_relation(relations.custom_paths) is not none -%}
        {%- set rows = run_query(
            'select paths.source_id, paths.column_name, paths.path from ' ~ relations.custom_paths
            ~ ' as paths inner join ' ~ relations.sources ~ ' as sources'
            ~ ' on paths.source_id = sources.source_id where sources.system = ' ~ literal(system)
            ~ ' and paths.object = ' ~ literal(object) ~ ' order by all'
        ) -%}
        {%- for source_id, column_name, path in rows.rows -%}
            {%- do paths.setdefault(column_name, {}).update({source_id: path}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(paths) -%}
{% endmacro %}


{% macro with_constants(text, column_name, mapped) -%}
    {%- set constants = {} -%}
    {%- for source_id, said in mapped.get(column_name, {}).items() if said.constant is not none -%}
        {%- do constants.update({source_id: said.constant}) -%}
    {%- endfor -%}
    {%- if constants -%}
        coalesce({{ text }}, case sources.source_id
        {%- for source_id, constant in constants.items() %}
            when {{ literal(source_id) }} then {{ literal(constant) }}
        {%- endfor %}
        end)
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endmacro %}


{#
    The zones of a system's sources: [{name, offset}], offset in seconds where the zone has kept
    one since 2000 (Asia/Tokyo), else none. Zones are literals, because looking a zone up per row
    costs sixty times as much.
#}
{% macro time_zones(sources, system) %}
    {%- set zones = [] -%}
    {%- if load_relation(sources) is not none -%}
        {%- set rows = run_query(
            "select timezone, min(shift) as least, max(shift) as most from ("
            ~ "select zones.timezone, date_diff('second', weeks.week, timezone(zones.timezone,"
            ~ " timezone('UTC', weeks.week))) as shift from (select distinct unnest([timezone,"
            ~ " day_timezone]) as timezone from " ~ sources ~ " where system = " ~ literal(system)
            ~ ") as zones cross join"
            ~ " (select unnest(generate_series(timestamp '2000-01-01', timestamp '2037-12-31',"
            ~ " interval 7 day)) as week) as weeks where timezone is not null)"
            ~ " group by timezone order by timezone"
        ) -%}
        {%- for name, least, most in rows.rows -%}
            {%- do zones.append({'name': name, 'offset': (least | int) if least == most else none}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do return(zones) -%}
{% endmacro %}
