{#
    One column cast from its text. Null when the text is not of the type; `broken_rule` then says
    so, because nothing may become null in silence.
#}
{% macro typed(column, reading) -%}
    {%- set text = quoted(column.name ~ '__text') -%}
    {%- set overrides = {} -%}
    {%- for source_id, said in reading.mapped.get(column.name, {}).items() -%}
        {%- set written = typed_as(column, text, reading, said) -%}
        {%- do overrides.update({source_id: written}) -%}
    {%- endfor -%}
    {%- if overrides -%}
        case source_id
        {%- for source_id, written in overrides.items() %}
            when {{ literal(source_id) }} then {{ written }}
        {%- endfor %}
            else {{ typed_as(column, text, reading, {}) }}
        end
    {%- else -%}
        {{ typed_as(column, text, reading, {}) }}
    {%- endif -%}
{%- endmacro %}


{# `said` is what a mapped source says of the column: type, formats, separators, factor. #}
{% macro typed_as(column, text, reading, said) -%}
    {%- set type = said.type or column.type -%}
    {%- set formats = said.formats or [] -%}
    {%- if column.data_type == 'timestamp' -%}
        {%- if formats -%}
            {{ instant_by_format(text, formats, reading.zones) }}
        {%- elif type == 'epoch_ms' -%}
            {{ epoch_or_instant(text, reading.zones) }}
        {%- else -%}
            {{ instant(text, reading.zones) }}
        {%- endif -%}
    {%- elif column.data_type == 'date' -%}
        {%- set day -%}
            {%- if formats -%}
                {{ day_by_format(text, formats) }}
            {%- else -%}
                {{ calendar_day(text, column.month) }}
            {%- endif -%}
        {%- endset -%}
        {{ "cast(date_trunc('month', " ~ day ~ ') as date)' if column.month else day }}
    {%- elif column.data_type in ('double', 'bigint') -%}
        {%- set plain = plain_number(text, said.decimal, said.thousands) -%}
        {%- set number -%}
            {%- if type == 'duration' -%}{{ seconds(plain) }}
            {%- elif type == 'percent' -%}{{ decimal('rtrim(' ~ plain ~ ", '% ')") }} / 100
            {%- else -%}{{ decimal(plain) }}
            {%- endif -%}
        {%- endset -%}
        {%- set scaled = '(' ~ number ~ ') * ' ~ said.factor if said.factor else number -%}
        {%- if column.data_type == 'double' -%}
            {{ scaled }}
        {%- elif said.factor -%}
            cast(round({{ scaled }}) as bigint)
        {%- else -%}
            {{ whole_number(plain) }}
        {%- endif -%}
    {%- elif column.data_type == 'boolean' -%}
        {{ truth(text) }}
    {%- elif column.data_type == 'varchar[]' -%}
        {{ separated(text, 'memo_separator') }}
    {%- elif type == 'salesforce_id' -%}
        {{ salesforce_id_18(text) if column.any_system else strict_salesforce_id(text) }}
    {%- elif type == 'email' -%}
        {{ normalise_email(text) }}
    {%- elif column.allowed -%}
        case
            when lower({{ text }}) in ({{ allowed_list(column) }}) then lower({{ text }})
            {%- if column.unlisted %}
            when {{ text }} is not null then {{ literal(column.unlisted) }}
            {%- else %}
            else {{ text }}
            {%- endif %}
        end
    {%- elif column.lower -%}
        lower({{ text }})
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endmacro %}


{% macro allowed_list(column) -%}
    {%- for value in column.allowed %}{{ literal(value) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{# A number's text with a point and no thousands separators. #}
{% macro plain_number(text, decimal_separator, thousands_separator) -%}
    {%- set plain = 'replace(' ~ text ~ ', ' ~ literal(thousands_separator) ~ ", '')"
        if thousands_separator else text -%}
    {{ 'replace(' ~ plain ~ ', ' ~ literal(decimal_separator) ~ ", '.')"
        if decimal_separator and decimal_separator != '.' else plain }}
{%- endmacro %}


{# 1234.5, -3, 1e3; also 1,234,567 where the commas stand right, as spreadsheets write them. #}
{% macro decimal(text) -%}
    case
        when regexp_full_match({{ text }}, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?')
            then try_cast({{ text }} as double)
        when regexp_full_match({{ text }}, '[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?')
            then try_cast(replace({{ text }}, ',', '') as double)
    end
{%- endmacro %}


{# A whole number; a spreadsheet's trailing .0 is forgiven, digits lost to 1.2E+15 are not. #}
{% macro whole_number(text) -%}
    case
        when regexp_full_match({{ text }}, '[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.0*)?')
            then try_cast(replace(split_part({{ text }}, '.', 1), ',', '') as bigint)
    end
{%- endmacro %}


{# H:MM:SS or seconds. MM:SS is refused: it cannot be told from H:MM. #}
{% macro seconds(text) -%}
    case
        when regexp_full_match({{ text }}, '-?[0-9]+(\.[0-9]+)?') then try_cast({{ text }} as double)
        when regexp_full_match({{ text }}, '[0-9]+:[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]+)?')
            then try_cast(split_part({{ text }}, ':', 1) as double) * 3600
                + try_cast(split_part({{ text }}, ':', 2) as double) * 60
                + try_cast(split_part({{ text }}, ':', 3) as double)
    end
{%- endmacro %}


{% macro truth(text) -%}
    case
        when lower({{ text }}) in ('true', '1', 't', 'yes', 'y', 'はい') then true
        when lower({{ text }}) in ('false', '0', 'f', 'no', 'n', 'いいえ') then false
    end
{%- endmacro %}


{# Several values in one cell; without a known separator the cell is one value. #}
{% macro separated(text, separator) -%}
    case
        when {{ text }} is null then null
        when {{ separator }} is null or {{ separator }} = '' then [{{ text }}]
        else list_filter(
            list_transform(string_split({{ text }}, {{ separator }}), lambda part: trim(part)),
            lambda part: part <> ''
        )
    end
{%- endmacro %}
