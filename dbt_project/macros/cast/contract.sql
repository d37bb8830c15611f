{#
    The contract of an export object, as staging needs it.

    It stands in the source YAML (models/staging/<system>/_<system>__sources.yml) and nowhere else.
    Ingestion reads type, required, header_required, aliases, path, configurable and the table's
    `contract`; what only the cast needs is the column's `cast`:

    staged: false         the column exists in the raw table only (something is derived from it)
    may_be_ahead: true    an instant that may lie after the extraction (a meeting's start)
    otherwise: column     stands in, text for text, where this one is empty
    default: text         stands in where both are empty
    minimum, maximum      bounds of a number
    allowed: [...]        the only values, lower case
    unlisted: value       what a value outside `allowed` becomes, instead of being refused
    pattern: regex        the whole text must match it
    lower: true           ids whose case means nothing
    month: true           a date cut to its month; yyyy-mm will do
    any_system: true      an id that may be Salesforce's, and is then made 18 characters
    unconfirmed: true     a guessed header: a text that is not of the type counts as absent
    keep_exported: true   `<column>__exported` keeps the text before the value map
    enum: {value: {...}}  what a vendor's value means; keys as match_key writes them

    Returns {contract, columns: [{name, type, data_type, path, required, ...cast}]}. `graph` is there
    only while dbt executes, so call it under `if execute`.
#}
{% macro contract_of(system, object) %}
    {%- for node in graph.sources.values()
        if node.source_name == system and node.name == object -%}
        {%- set contract = node.config.meta.contract or node.meta.contract -%}
        {%- set columns = [] -%}
        {%- for column in node.columns.values() -%}
            {%- set meta = column.config.meta or column.meta -%}
            {%- set described = dict(meta.get('cast', {})) -%}
            {%- do described.update({
                'name': column.name,
                'type': meta.type,
                'data_type': column.data_type,
                'path': meta.get('path'),
                'required': meta.get('required', false) or column.name in contract.key,
                'configurable': meta.get('configurable', false),
                'is_id': column.name.endswith('_id') or column.name.endswith('_key'),
                'is_json': contract.format == 'jsonl',
            }) -%}
            {%- do columns.append(described) -%}
        {%- endfor -%}
        {%- do return({'contract': contract, 'columns': columns}) -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        'No contract for ' ~ system ~ '.' ~ object ~ ' in the source YAML.'
    ) -%}
{% endmacro %}


{# What `attribute` a vendor's value stands for, by the column's enum; `otherwise` for the rest. #}
{% macro enum_value(system, object, column, attribute, otherwise='null') -%}
    {%- if execute -%}
        {%- set described =
            contract_of(system, object).columns | selectattr('name', 'equalto', column) | first -%}
        {%- set meanings = {} -%}
        {%- for key, meaning in described.enum.items() if attribute in meaning -%}
            {%- do meanings.update({key.replace(' ', ''): meaning[attribute]}) -%}
        {%- endfor -%}
        {#- the plain spelling first: folding widths costs more than all the rest; spaces mean nothing
            (formats E2) -#}
        {%- set whens -%}
            {%- for key, meaning in meanings.items() %} when {{ literal(key) }} then {{ literal(meaning) }}
            {%- endfor -%}
        {%- endset -%}
        coalesce(
            case
                when {{ is_one_of('lower(' ~ column ~ ')', enum_keys(described.enum)) }}
                    then case lower({{ column }}){{ whens }} end
                else case {{ without_spaces(match_key(column)) }}{{ whens }} end
            end,
            {{ otherwise }}
        )
    {%- else -%}
        {{ otherwise }}
    {%- endif -%}
{%- endmacro %}


{% macro enum_keys(enum) %}
    {%- set keys = [] -%}
    {%- for key in enum -%}{%- do keys.append(key.replace(' ', '')) -%}{%- endfor -%}
    {%- do return(keys) -%}
{% endmacro %}


{% macro without_spaces(text) -%}
    replace({{ text }}, ' ', '')
{%- endmacro %}


{# A text as a SQL literal. #}
{% macro literal(text) -%}
    '{{ (text | string).replace("'", "''") }}'
{%- endmacro %}
