{# How much a count varies beyond chance, from sums over days or over peers. #}

{# How many times more a share varies from day to day than single trials would make it; 1 where too little
   is known. Of the days with trials: `above` and `below` their sums, `shares` that of above² ÷ below. #}
{% macro dispersion(above, below, shares, days) -%}
{%- set share = '(' ~ ratio(above, below) ~ ')' -%}
    case
        when {{ days }} >= {{ fewest_days() }} and {{ above }} > 0 and {{ above }} < {{ below }}
            then greatest(
                1,
                ({{ shares }} - {{ above }} * {{ share }}) / ({{ share }} * (1 - {{ share }})) / ({{ days }} - 1)
            )
        else 1
    end
{%- endmacro %}

{# The same of a relation with the columns of act_scope_windows. #}
{% macro day_dispersion(row) -%}
    {{ dispersion(row ~ '.tried', row ~ '.below', row ~ '.shares', row ~ '.days') }}
{%- endmacro %}

{# Variance of an amount per unit, by how it varies from day to day: the ratio estimator of sampling theory. #}
{% macro amount_variance(row) -%}
{%- set amount = '(' ~ ratio(row ~ '.above', row ~ '.below') ~ ')' -%}
    case
        when {{ row }}.days >= 2 and {{ row }}.below > 0
            then greatest(
                0,
                {{ row }}.above_squared - 2 * {{ amount }} * {{ row }}.above_below
                + {{ amount }} * {{ amount }} * {{ row }}.below_squared
            )
            * {{ row }}.days / ({{ row }}.days - 1) / ({{ row }}.below * {{ row }}.below)
    end
{%- endmacro %}

{# Variance between peers beyond what chance within each explains, by the method of moments (DerSimonian and
   Laird 1986). All arguments are sums over the peers: `shares` of above² ÷ below, `below_squared`, and
   `within` = what chance alone makes of the sum of squares. #}
{% macro between_variance(above, below, shares, below_squared, within) -%}
    greatest(
        0,
        coalesce(
            ({{ shares }} - {{ above }} * {{ above }} / nullif({{ below }}, 0) - ({{ within }}))
            / nullif({{ below }} - {{ below_squared }} / nullif({{ below }}, 0), 0),
            0
        )
    )
{%- endmacro %}
