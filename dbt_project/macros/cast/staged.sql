{#
    The whole staging model of an export object, generated from its contract (contract_of).

    Compiles to `source` (records of readings not cast yet, as clean texts, `<column>__text`),
    `renamed` (typed columns) and `derived` (what the model adds, and the first rule of the contract
    a row breaks); the last select orders the columns and adds `reject_reason`: null for an accepted
    row, else code:column. Refused rows are kept: nothing becomes null in silence.

    system, object   the contract
    derived          {column: SQL over the typed columns}; replaces a contract column of that name
    steps            [{column: SQL}], each made before the next and before `derived`, for what several
                     columns are read from; a name with a leading underscore is not staged
    rules            [(code, SQL condition over all columns)], tried after those of the contract
    reading_rules    [(code, SQL condition over the typed columns, aggregated)]: a reading that breaks
                     one is refused with all its rows, because only all of them together show it

    Rows are appended per reading: the materialisation (macros/build) removes readings that are no
    longer active, the filter takes those not here yet. A row holds nothing but what its reading says
    under its rule-set, so any order, any split into nights and a full refresh agree. When the generated
    SQL itself changes (a released macro, a contract, a value map), or the rules of a reading that cannot
    be read anew, the table is made anew without anybody asking for --full-refresh.
#}
{% macro staged(system, object, derived={}, steps=[], rules=[], reading_rules=[]) %}
{#- named at parse time too, or dbt would not see the lineage -#}
{%- set relations = {
    'raw': source(system, object),
    'files': source('kura', 'files'),
    'sources': source('kura', 'sources'),
    'value_maps': source('kura', 'value_maps'),
    'mapped_columns': source('kura', 'mapped_columns'),
    'custom_paths': source('kura', 'custom_paths'),
} -%}
{%- if not execute -%}
select 1 as parsed
{%- else -%}
{%- set body = staging_query(
    system, object, relations, derived, steps, rules, reading_rules
) -%}
{%- set definition = local_md5(body ~ rules_of_lost_exports(relations.files, system, object)) -%}
{%- set is_kept = not flags.FULL_REFRESH and known_definition() == definition -%}
{%- set readings = readings_to_cast(relations.files, system, object, is_kept) -%}
-- definition {{ definition }}, {{ 'kept' if is_kept else 'anew' }}
{% if is_kept and not run_query(readings ~ ' limit 1').rows | length -%}
{#- a night without new files for this object spares the engine the plan -#}
select * from {{ this }} where false
{%- else -%}
{{ body.replace('__readings__', readings) }}
{%- endif -%}
{%- endif -%}
{% endmacro %}


{% macro staging_query(system, object, relations, derived, steps, rules, reading_rules) -%}
{%- set described = contract_of(system, object) -%}
{%- set contract = described.contract -%}
{%- set columns = described.columns -%}
{%- set names = columns | map(attribute='name') | list -%}
{%- set reading = {
    'system': system,
    'zones': time_zones(relations.sources, system),
    'value_maps': configured_values(relations, system, object, columns),
    'paths': configured_paths(relations, system, object, columns),
    'mapped': mapped_formats(relations.mapped_columns, system, object),
    'markers': contract.get('null_markers', []),
} -%}
{%- set envelope = ['source_id', 'file_id', 'record']
    + (['element'] if contract.unnest else []) + ['extracted_at'] -%}
{#- judging a reading reads its few columns once more, instead of keeping all rows in memory -#}
{%- set inlined = 'not materialized ' if reading_rules else '' -%}
with source as {{ inlined }}(

    {%- if contract.format == 'jsonl' %}
{{ json_rows(contract, columns, relations, reading) }}
    {%- else %}
{{ csv_rows(columns, relations, reading) }}
    {%- endif %}

),

renamed as {{ inlined }}(

    select
        *,
    {%- for column in columns %}
        {{ typed(column, reading) }} as {{ quoted(column.name) }},
    {%- endfor %}
        {{ ambiguous_time(columns, reading) }} as is_ambiguous_time
    from source

),
{%- set layer = namespace(of='renamed') %}
{%- for step in steps %}

step_{{ loop.index }} as (

    select
        *,
    {%- for name, expression in step.items() %}
        {{ expression | trim }} as {{ quoted(name) }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ layer.of }}

),
{%- set layer.of = 'step_' ~ loop.index %}
{%- endfor %}

derived as (

    select
        {%- set replaced = names | select('in', derived) | list %}
        *{% if replaced %} exclude ({% for name in replaced -%}
            {{ quoted(name) }}{{ ', ' if not loop.last }}
        {%- endfor %}){% endif %},
    {%- for name, expression in derived.items() %}
        {{ expression | trim }} as {{ quoted(name) }},
    {%- endfor %}
        {{ broken_rule(columns, reading, derived) }} as broken_rule
    from {{ layer.of }}

)
{%- if reading_rules %},

judged_readings as (

    select
        file_id as judged_file_id,
        case
        {%- for code, condition in reading_rules %}
            when {{ condition | trim }} then {{ literal(code) }}
        {%- endfor %}
        end as reading_reason
    from renamed
    group by file_id

)
{%- endif %}

select
    {{ envelope | join(',\n    ') }},
{%- for column in columns if column.get('staged', true) %}
    {{ quoted(column.name) }},
{%- endfor %}
{%- for made in steps + [derived] %}
    {%- for name in made if name not in names and not name.startswith('_') %}
    {{ quoted(name) }},
    {%- endfor %}
{%- endfor %}
{%- if columns | selectattr('type', 'equalto', 'timestamp') | list %}
    is_ambiguous_time,
{%- endif %}
{%- set late_rules = [] %}
{%- for column in columns if column.required and column.name in derived %}
    {%- do late_rules.append(('missing:' ~ column.name, quoted(column.name) ~ ' is null')) %}
{%- endfor %}
{%- if late_rules + rules %}
    coalesce(
        {{- '\n        reading_reason,' if reading_rules }}
        broken_rule,
        case
        {%- for code, condition in late_rules + rules %}
            when {{ condition | trim }} then {{ literal(code) }}
        {%- endfor %}
        end
    ) as reject_reason
{%- else %}
    {{ 'coalesce(reading_reason, broken_rule)' if reading_rules else 'broken_rule' }} as reject_reason
{%- endif %}
from derived
{%- if reading_rules %}
left join judged_readings on file_id = judged_file_id
{%- endif %}
{%- endmacro %}


{% macro quoted(name) -%}
    {{ adapter.quote(name) }}
{%- endmacro %}


{# Rows of a CSV reading, every column a clean text. #}
{% macro csv_rows(columns, relations, reading) %}
    select
        raw._source_id as source_id,
        raw._file_id as file_id,
        raw._record as record,
        raw._extracted_at as extracted_at,
        sources.timezone as time_zone,
        sources.day_timezone as day_zone,
        sources.memo_separator,
        sources.account as source_account,
    {%- set exported = {} %}
    {%- for column in columns %}
        {%- do exported.update({column.name: clean('raw.' ~ quoted(column.name), reading.markers)}) %}
    {%- endfor %}
        {{- texts(columns, exported, reading) }}
    from {{ relations.raw }} as raw
    left join {{ relations.sources }} as sources on raw._source_id = sources.source_id
    where raw._file_id in (
        __readings__
    )
{%- endmacro %}


{#
    Rows of a JSON-lines reading. Each record and each element is parsed once: all paths are taken
    in one call. A record whose list is empty still gives one row, which is then refused.
#}
{% macro json_rows(contract, columns, relations, reading) %}
    {%- set own = [] %}
    {%- set whole = [] %}
    {%- set exported = {} %}
    {%- for column in columns %}
        {%- if column.path is none %}
            {%- do exported.update({column.name: 'cast(null as varchar)'}) %}
        {%- elif column.path.startswith('$$') %}
            {%- do whole.append(literal(column.path[1:])) %}
            {%- do exported.update({column.name: clean('read.whole[' ~ (whole | length) ~ ']', [])}) %}
        {%- else %}
            {%- do own.append(literal(column.path)) %}
            {%- set place = namespace(of='read.own[' ~ (own | length) ~ ']') %}
            {%- for source_id, path in reading.paths.get(column.name, {}).items() %}
                {%- do own.append(literal(path)) %}
                {%- set place.of = 'case when read.source_id = ' ~ literal(source_id)
                    ~ ' then read.own[' ~ (own | length) ~ '] else ' ~ place.of ~ ' end' %}
            {%- endfor %}
            {%- do exported.update({column.name: clean(place.of, [])}) %}
        {%- endif %}
    {%- endfor %}
    select
        read.source_id,
        read.file_id,
        read.record,
        {{- ' read.element,' if contract.unnest }}
        read.extracted_at,
        sources.timezone as time_zone,
        sources.day_timezone as day_zone,
        sources.memo_separator,
        sources.account as source_account,
        {{- texts(columns, exported, reading) }}
    from (
        select
            delivered.*,
            json_extract_string(delivered.item, [{{ own | join(', ') }}]) as own
            {%- if whole %},
            json_extract_string(delivered.document, [{{ whole | join(', ') }}]) as whole
            {%- endif %}
        from (
            select
                raw._source_id as source_id,
                raw._file_id as file_id,
                raw._record as record,
                raw._extracted_at as extracted_at,
                raw.record as document,
            {%- if contract.unnest %}
                {%- set elements = "json_extract(raw.record, '" ~ contract.unnest ~ "[*]')" %}
                unnest(
                    case when len({{ elements }}) > 0 then {{ elements }} else [null] end
                ) as item,
                cast(
                    unnest(range(greatest(coalesce(len({{ elements }}), 0), 1))) as integer
                ) as element
            {%- else %}
                raw.record as item
            {%- endif %}
            from {{ relations.raw }} as raw
            where raw._file_id in (
        __readings__
            )
        ) as delivered
    ) as read
    left join {{ relations.sources }} as sources on read.source_id = sources.source_id
{%- endmacro %}


{# What a row says, as text: `<column>__text` and, where asked for, `<column>__exported`. #}
{% macro texts(columns, exported, reading) %}
    {%- set said = {} %}
    {%- for column in columns %}
        {%- set text = with_values(exported[column.name], reading.value_maps.get(column.name, {})) %}
        {%- do said.update({column.name: with_constants(text, column.name, reading.mapped)}) %}
    {%- endfor %}
    {%- for column in columns %}
        {%- set parts = [said[column.name]] %}
        {%- if column.otherwise %}{% do parts.append(said[column.otherwise]) %}{% endif %}
        {%- if column.default %}{% do parts.append(literal(column.default)) %}{% endif %}
        {{ 'coalesce(' ~ parts | join(', ') ~ ')' if parts | length > 1 else parts[0] }}
            as {{ quoted(column.name ~ '__text') }}
        {%- if column.keep_exported %},
        {{ exported[column.name] }} as {{ quoted(column.name ~ '__exported') }}
        {%- endif %}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    A text without surrounding blanks; empty and the contract's null markers become null. Trimming counts
    characters: it costs ten times as much as looking at both ends, so only a text with a blank there is
    trimmed. Below '!' are the empty text and those that begin with an ASCII blank.
#}
{% macro clean(text, markers) -%}
    {%- set trimmed = 'trim(' ~ text ~ ", ' ' || chr(9) || chr(10) || chr(13) || chr(12288))" -%}
    {%- set is_odd = [text ~ " < '!'", 'starts_with(' ~ text ~ ', chr(12288))'] -%}
    {%- for blank in (9, 10, 13, 32, 12288) -%}
        {%- do is_odd.append('suffix(' ~ text ~ ', chr(' ~ blank ~ '))') -%}
    {%- endfor -%}
    {%- for first in markers | map('first') | unique -%}
        {%- do is_odd.append('starts_with(' ~ text ~ ', ' ~ literal(first) ~ ')') -%}
    {%- endfor -%}
    case
        when {{ is_odd | join(' or ') }}
            then case when not {{ is_one_of(trimmed, [''] + markers) }} then {{ trimmed }} end
        else {{ text }}
    end
{%- endmacro %}
