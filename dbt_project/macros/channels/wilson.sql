{#
    95 % Wilson score interval of a proportion (E. B. Wilson, 1927), in closed form. Unlike the
    normal approximation it stays inside 0..1 and says something sensible at 0 and at all.
    Null when nothing was tried.
#}
{% macro wilson_low(successes, trials) -%}
    case
        when {{ trials }} > 0
            then greatest({{ wilson_bound(successes, trials, '-') }}, 0)
    end
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    case
        when {{ trials }} > 0
            then least({{ wilson_bound(successes, trials, '+') }}, 1)
    end
{%- endmacro %}

{% macro wilson_bound(successes, trials, side) -%}
{%- set z = 1.959963984540054 -%}
{%- set n = 'nullif(' ~ trials ~ ', 0)' -%}
    (
        {{ ratio(successes, trials) }}
        + {{ z * z / 2 }} / {{ n }}
        {{ side }} {{ z }} * sqrt(
            greatest(
                {{ ratio(successes, trials) }} * (1 - {{ ratio(successes, trials) }}) / {{ n }}
                + {{ z * z / 4 }} / ({{ n }} * {{ n }}),
                0
            )
        )
    ) / (1 + {{ z * z }} / {{ n }})
{%- endmacro %}
