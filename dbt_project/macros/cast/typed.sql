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
        {%- set plain = plain_number(without_unit(text, said), said.decimal, said.thousands) -%}
        {%- set number -%}
            {%- if type == 'duration' -%}{{ seconds(plain, 'mm:ss' in formats) }}
            {%- elif type == 'share' -%}{{ share(plain) }}
            {%- elif type == 'percent' -%}{{ decimal('rtrim(' ~ plain ~ ", '% ')") }} / 100
            {%- else -%}{{ decimal(plain) }}
            {%- endif -%}
        {%- endset -%}
        {%- set scaled = '(' ~ number ~ ') * ' ~ said.factor if said.factor else number -%}
        {%- set cast_number -%}
            {%- if column.data_type == 'double' -%}
                {{ scaled }}
            {%- elif said.factor -%}
                cast(round({{ scaled }}) as bigint)
            {%- else -%}
                {{ whole_number(plain) }}
            {%- endif -%}
        {%- endset -%}
        {%- if column.unconfirmed -%}
            {%- set bounds = 'between 0 and 1' if type == 'share' else '>= 0' -%}
            case when {{ cast_number }} {{ bounds }} then {{ cast_number }} end
        {%- else -%}
            {{ cast_number }}
        {%- endif -%}
    {%- elif column.data_type == 'boolean' -%}
        {{ truth(text) }}
    {%- elif column.data_type == 'varchar[]' -%}
        {{ separated(text, 'memo_separator', reading.system == 'mapped') }}
    {%- elif type == 'salesforce_id' -%}
        {{ salesforce_id_18(text) if column.any_system else strict_salesforce_id(text) }}
    {%- elif type == 'email' -%}
        {{ normalise_email(text) }}
    {%- elif column.allowed -%}
        case
            when {{ is_one_of('lower(' ~ text ~ ')', column.allowed) }} then lower({{ text }})
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


{#
    A number a mapped source wrote for people: digits of any width, with a unit such as ¥, 円 or JPY
    before or behind it.
#}
{% macro without_unit(text, said) -%}
    {%- if not said -%}
        {{ text }}
    {%- elif not said.units -%}
        {{ fold_width(text) }}
    {%- else -%}
        {%- set escaped = [] -%}
        {%- for unit in said.units -%}
            {%- do escaped.append(modules.re.escape(unit).replace('\\ ', ' ')) -%}
        {%- endfor -%}
        {%- set any_unit = '(?i:' ~ escaped | join('|') ~ ')' -%}
        regexp_replace(
            regexp_replace({{ fold_width(text) }}, {{ literal('^([+-]?) *' ~ any_unit ~ ' *') }}, '\1'),
            {{ literal(' *' ~ any_unit ~ '$') }}, ''
        )
    {%- endif -%}
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


{# A share, always 0 to 1: 0.45; 45 and 45% as percent; 45:55 as the first of two parts. #}
{% macro share(text) -%}
    {%- set bare = decimal('rtrim(' ~ text ~ ", '% ')") -%}
    case
        when regexp_full_match({{ text }}, '[0-9.]+ ?: ?[0-9.]+')
            then try_cast(split_part({{ text }}, ':', 1) as double) / nullif(
                try_cast(split_part({{ text }}, ':', 1) as double)
                + try_cast(split_part({{ text }}, ':', 2) as double), 0
            )
        when {{ bare }} > 1 or right({{ text }}, 1) = '%' then {{ bare }} / 100
        else {{ bare }}
    end
{%- endmacro %}


{# A whole number; a spreadsheet's trailing .0 is forgiven, digits lost to 1.2E+15 are not. #}
{% macro whole_number(text) -%}
    case
        when regexp_full_match({{ text }}, '[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.0*)?')
            then try_cast(replace(split_part({{ text }}, '.', 1), ',', '') as bigint)
    end
{%- endmacro %}


{# H:MM:SS or seconds. MM:SS cannot be told from H:MM, so it is read only where the source says so. #}
{% macro seconds(text, has_minutes_first=false) -%}
    case
        {%- if has_minutes_first %}
        when regexp_full_match({{ text }}, '[0-9]+:[0-5][0-9](\.[0-9]+)?')
            then try_cast(split_part({{ text }}, ':', 1) as double) * 60
                + try_cast(split_part({{ text }}, ':', 2) as double)
        {%- endif %}
        {#- as telephones write it: the engine's own reading is five times as fast as splitting #}
        when {{ text }} like '_:__:__' and {{ text }} >= '0'
            then cast(date_part('epoch', try_cast({{ text }} as time)) as double)
        when regexp_full_match({{ text }}, '-?[0-9]+(\.[0-9]+)?') then try_cast({{ text }} as double)
        when regexp_full_match({{ text }}, '[0-9]+:[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]+)?')
            then try_cast(split_part({{ text }}, ':', 1) as double) * 3600
                + try_cast(split_part({{ text }}, ':', 2) as double) * 60
                + try_cast(split_part({{ text }}, ':', 3) as double)
    end
{%- endmacro %}


{% macro truth(text) -%}
    case
        when {{ is_one_of('lower(' ~ text ~ ')', ['true', '1', 't', 'yes', 'y', 'はい']) }} then true
        when {{ is_one_of('lower(' ~ text ~ ')', ['false', '0', 'f', 'no', 'n', 'いいえ']) }} then false
    end
{%- endmacro %}


{#
    Several values in one cell; without a known separator the cell is one value. A mapped source of
    JSON lines may give them as an array.
#}
{% macro separated(text, separator, may_be_array=false) -%}
    case
        when {{ text }} is null then null
        {%- if may_be_array %}
        when starts_with({{ text }}, '[') and json_valid({{ text }}) then list_filter(
            list_transform(
                try_cast({{ text }} as json)::varchar[], lambda part: trim(part)
            ),
            lambda part: part <> ''
        )
        {%- endif %}
        when {{ separator }} is null or {{ separator }} = '' then [{{ text }}]
        else list_filter(
            list_transform(string_split({{ text }}, {{ separator }}), lambda part: trim(part)),
            lambda part: part <> ''
        )
    end
{%- endmacro %}
