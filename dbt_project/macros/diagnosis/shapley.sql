{# The share of one factor in the difference of two products, after Shapley (1953): what changing it from
   `before` to `after` changes, over every subset of the other factors changed already, weighted so that the
   shares of all factors add up to the difference of the products. `pairs`: [(after, before)], SQL each. #}
{% macro shapley_part(pairs, index) -%}
{%- set others = [] -%}
{%- for place in range(pairs | length) if place != index -%}{%- do others.append(pairs[place]) -%}{%- endfor -%}
{%- set count = others | length -%}
{%- set factorials = [1, 1, 2, 6, 24, 120, 720] -%}
    ({{ pairs[index][0] }} - {{ pairs[index][1] }}) * (
        {%- for subset in range(2 ** count) -%}
        {%- set factors = [] -%}
        {%- set changed = [] -%}
        {%- for place in range(count) -%}
        {%- if (subset // 2 ** place) % 2 == 1 -%}
        {%- do factors.append(others[place][0]) -%}{%- do changed.append(place) -%}
        {%- else -%}
        {%- do factors.append(others[place][1]) -%}
        {%- endif -%}
        {%- endfor %}
        {{ '+ ' if not loop.first }}{{ factorials[changed | length] * factorials[count - (changed | length)] }}.0e0
        * {{ factors | join(' * ') }}
        {%- endfor %}
    ) / {{ factorials[count + 1] }}
{%- endmacro %}

{# The product of all factors, at one side of the pairs: 0 after, 1 before. #}
{% macro product_of(pairs, side) -%}
    {%- for pair in pairs -%}{{ ' * ' if not loop.first }}{{ pair[side] }}{%- endfor -%}
{%- endmacro %}
