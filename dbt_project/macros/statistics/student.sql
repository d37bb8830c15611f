{# Student's t distribution for whole degrees of freedom (Abramowitz & Stegun 26.7.3–4 and 26.7.5), as
   plain SQL; tests/marts/test_statistics.py compares them with scipy. #}

{# Probability of a value at least as far from 0 as `t`. Null without a t or a degree of freedom. The series
   is finite: one term for every second degree of freedom. #}
{% macro student_two_sided_p(t, df) -%}
    case
        when {{ t }} is not null and {{ df }} >= 1 then greatest(
            1.0 - case
                when {{ df }} % 2 = 1 then
                    2 / pi() * (
                        atan(abs({{ t }}) / sqrt({{ df }}))
                        + abs({{ t }}) * sqrt({{ df }}) / ({{ df }} + ({{ t }}) * ({{ t }})) * sqrt(pi()) / 2
                        * coalesce(list_sum(list_transform(
                            range(0, cast(({{ df }} - 1) // 2 as bigint)),
                            lambda k: exp(
                                lgamma(k + 1) - lgamma(k + 1.5)
                                + k * ln({{ df }} / ({{ df }} + ({{ t }}) * ({{ t }})))
                            )
                        )), 0)
                    )
                else
                    abs({{ t }}) / sqrt({{ df }} + ({{ t }}) * ({{ t }})) / sqrt(pi())
                    * list_sum(list_transform(
                        range(0, cast({{ df }} // 2 as bigint)),
                        lambda k: exp(
                            lgamma(k + 0.5) - lgamma(k + 1)
                            + k * ln({{ df }} / ({{ df }} + ({{ t }}) * ({{ t }})))
                        )
                    ))
            end,
            0.0
        )
    end
{%- endmacro %}

{# How many standard errors a 95 % interval reaches to each side: from the table up to 7 degrees of freedom,
   by the Cornish–Fisher expansion beyond (right to five digits). #}
{% macro student_reach(df) -%}
{%- set known = [12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252] -%}
{%- set z = 1.959963984540054 -%}
    case
        when {{ df }} is null or {{ df }} < 1 then null
        {% for quantile in known %}
        when {{ df }} = {{ loop.index }} then {{ quantile }}
        {% endfor %}
        else
            {{ z }}
            + {{ (z ** 3 + z) / 4 }} / {{ df }}
            + {{ (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 }} / pow({{ df }}, 2)
            + {{ (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 }} / pow({{ df }}, 3)
            + {{ (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 }}
            / pow({{ df }}, 4)
    end
{%- endmacro %}

{# How far above expectation the best of `people` who are all alike comes once in twenty times: the one-sided
   95 % quantile of the normal distribution, shared out over all of them (Bonferroni), by the rational
   approximation of Abramowitz & Stegun 26.2.23 (error below 0.0005). #}
{% macro normal_reach_of_the_best(people) -%}
{%- set w = 'sqrt(-2 * ln(0.05 / (' ~ people ~ ')))' -%}
    (
        {{ w }}
        - (2.515517 + 0.802853 * {{ w }} + 0.010328 * pow({{ w }}, 2))
        / (1 + 1.432788 * {{ w }} + 0.189269 * pow({{ w }}, 2) + 0.001308 * pow({{ w }}, 3))
    )
{%- endmacro %}
