{# A figure as people read it, by its unit: shares in percent, amounts with thousands, else one decimal. #}
{% macro figure_text(value, unit) -%}
    case {{ unit }}
        when 'ratio' then printf('%.1f%%', cast({{ value }} as double) * 100)
        when 'yen' then format('¥{:,.0f}', cast({{ value }} as double))
        when 'seconds' then printf('%.0f s', cast({{ value }} as double))
        else format('{:,.1f}', cast({{ value }} as double))
    end
{%- endmacro %}
