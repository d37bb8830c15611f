{# A 64-bit hash of key columns. It finds keys delivered more than once in a fraction of the
   memory the keys would need; a collision only sends two keys down the careful path. #}
{% macro key_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}
