{# The only way a rate is made: both arguments are counts or sums already aggregated.
   A zero or missing denominator gives null, never 0. Division of BIGINTs would be exact in DuckDB
   and integral elsewhere, so the numerator is widened first. #}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}
