{# Whether two windows of days differ, in closed form: everything from sums that are already there. #}

{# 95 % interval of a difference of two shares, `after` less `before`: Newcombe's hybrid score interval (Statistics
   in Medicine 17 (1998), method 10), made of the Wilson intervals of both. `_low` and `_high` of each stand in
   columns beside it. #}
{% macro newcombe_low(before, after) -%}
    {{ after }} - {{ before }} - sqrt(
        power({{ after }} - {{ after }}_low, 2) + power({{ before }}_high - {{ before }}, 2)
    )
{%- endmacro %}

{% macro newcombe_high(before, after) -%}
    {{ after }} - {{ before }} + sqrt(
        power({{ after }}_high - {{ after }}, 2) + power({{ before }} - {{ before }}_low, 2)
    )
{%- endmacro %}

{# Variance of a share. #}
{% macro share_variance(numerator, denominator) -%}
    {{ ratio(
        ratio(numerator, denominator) ~ ' * (1 - ' ~ ratio(numerator, denominator) ~ ')', denominator
    ) }}
{%- endmacro %}

{# Variance of things per unit of work: Poisson with the overdispersion the days show, never less than Poisson
   where things are counted. `squares` is the sum of x² ÷ w over the days. #}
{% macro pace_variance(total, work, squares, days, is_count) -%}
    case
        when {{ days }} > 1
            then
                {{ ratio(
                    'greatest(' ~ ratio(
                        squares ~ ' - '
                        ~ ratio('cast(' ~ total ~ ' as double) * cast(' ~ total ~ ' as double)', work),
                        days ~ ' - 1'
                    ) ~ ', case when ' ~ is_count ~ ' then ' ~ ratio(total, work) ~ ' else 0 end)',
                    work,
                ) }}
    end
{%- endmacro %}

{# Variance of a ratio of two sums whose parts come in days (linearised, days as clusters). #}
{% macro ratio_variance(x, y, xx, xy, yy, days) -%}
    {{ ratio(
        days ~ ' * greatest(' ~ xx ~ ' - 2 * ' ~ ratio(x, y) ~ ' * ' ~ xy ~ ' + '
        ~ ratio(x, y) ~ ' * ' ~ ratio(x, y) ~ ' * ' ~ yy ~ ', 0)',
        '((' ~ days ~ ' - 1) * cast(' ~ y ~ ' as double) * cast(' ~ y ~ ' as double))',
    ) }}
{%- endmacro %}
