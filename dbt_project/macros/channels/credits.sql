{#
    Credit that adds up to exactly the whole. A lead is 2^30 units, and units are whole numbers: what
    several touches share is rounded down as it accumulates, so that the last one takes what is left.
    Published is units × 2^-30. Every such number, and every sum of them below 2^23, is a double without
    rounding: whoever adds credits, in whatever order and with whatever tool, gets whole leads.
#}
{% macro credit_units_of_a_lead() -%}
    1073741824
{%- endmacro %}

{% macro credits_of(units) -%}
    (cast({{ units }} as double) * {{ 0.5 ** 30 }})
{%- endmacro %}

{# The first `reached` of `total` parts of a whole number, as a whole number; all parts are the whole. #}
{% macro share_so_far(whole, reached, total) -%}
    (cast({{ whole }} as hugeint) * cast({{ reached }} as hugeint) // cast({{ total }} as hugeint))
{%- endmacro %}

{# What falls on `part` of `total` parts, `before` of them being given away already, in whole yen; the
   last part takes what is left, fractions of a yen included. #}
{% macro share_of_yen(amount, before, part, total) -%}
    (
        {{ yen_so_far(amount, '(' ~ before ~ ' + ' ~ part ~ ')', total) }}
        - {{ yen_so_far(amount, before, total) }}
    )
{%- endmacro %}

{% macro yen_so_far(amount, reached, total) -%}
    case
        when {{ reached }} = {{ total }} then cast({{ amount }} as decimal(38, 4))
        else cast({{ share_so_far('floor(' ~ amount ~ ')', reached, total) }} as decimal(38, 4))
    end
{%- endmacro %}
