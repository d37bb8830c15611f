{# Figures as people read them. #}

{# By unit: shares in percent, yen and whole numbers with thousands, else one decimal. Null, or `missing`, where
   there is none. #}
{% macro figure_text(value, unit, language='en', missing=none) -%}
case
    {% if missing %}
    when {{ value }} is null then '{{ missing }}'
    {% endif %}
    when {{ unit }} = 'ratio' then printf('%.1f%%', 100 * cast({{ value }} as double))
    when {{ unit }} = 'yen' then '¥' || format('{:,}', cast(round({{ value }}) as bigint))
    when {{ unit }} = 'seconds' then printf('%.0f{{ '秒' if language == 'ja' else ' s' }}', cast({{ value }} as double))
    when {{ value }} = round({{ value }}) then format('{:,}', cast({{ value }} as bigint))
    else format('{:,.1f}', cast({{ value }} as double))
end
{%- endmacro %}

{# By how much a figure moved, with its sign; shares in percentage points. #}
{% macro difference_text(value, unit, language='en') -%}
case
    when {{ unit }} = 'ratio'
        then printf('%+.1f{{ 'ポイント' if language == 'ja' else ' points' }}', 100 * cast({{ value }} as double))
    else case when {{ value }} < 0 then '-' else '+' end || {{ figure_text('abs(' ~ value ~ ')', unit, language) }}
end
{%- endmacro %}
