{# How likely a figure is by chance, in closed form. Checked against scipy in tests/marts/test_probability.py. #}

{# erfc(x) for x ≥ 0: Chebyshev fit with a relative error below 1.2e-7 everywhere (Numerical Recipes, §6.2). #}
{% macro complementary_error(x) -%}
{%- set t = '(1 / (1 + 0.5 * ' ~ x ~ '))' -%}
    {{ t }} * exp(
        -{{ x }} * {{ x }} - 1.26551223 + {{ t }} * (
            1.00002368 + {{ t }} * (
                0.37409196 + {{ t }} * (
                    0.09678418 + {{ t }} * (
                        -0.18628806 + {{ t }} * (
                            0.27886807 + {{ t }} * (
                                -1.13520398 + {{ t }} * (
                                    1.48851587 + {{ t }} * (-0.82215223 + {{ t }} * 0.17087277)
                                )
                            )
                        )
                    )
                )
            )
        )
    )
{%- endmacro %}

{# P(Z ≥ z) of the standard normal distribution, any z. #}
{% macro normal_above(z) -%}
    case
        when {{ z }} >= 0 then 0.5 * {{ complementary_error('(' ~ z ~ ' / sqrt(2.0e0))') }}
        else 1 - 0.5 * {{ complementary_error('(-(' ~ z ~ ') / sqrt(2.0e0))') }}
    end
{%- endmacro %}

{# Up to this many successes a tail is added up term by term; beyond it is taken as normal. #}
{% macro most_terms() -%} 1000 {%- endmacro %}

{# P(X ≤ successes) of a beta-binomial: `trials` draws at a rate that is itself drawn from Beta(a, b), which
   says how well the rate is known and how much it differs between people or days. #}
{% macro beta_binomial_at_most(successes, trials, a, b) -%}
    least(1, list_sum(list_transform(
        range(0, cast({{ successes }} as bigint) + 1),
        lambda k : exp(
            lgamma({{ trials }} + 1) - lgamma(k + 1) - lgamma({{ trials }} - k + 1)
            + lgamma(k + {{ a }}) + lgamma({{ trials }} - k + {{ b }})
            - lgamma({{ trials }} + {{ a }} + {{ b }})
            + lgamma({{ a }} + {{ b }}) - lgamma({{ a }}) - lgamma({{ b }})
        )
    )))
{%- endmacro %}
