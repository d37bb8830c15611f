{#
    The owner a user is. A user who owns nothing keeps an id that no owner can have: the two are
    numbered alike (formats 6.10.9).
#}
{% macro user_of_alias(user_id, aliases) -%}
    coalesce({{ aliases }}.user_id, 'user:' || {{ user_id }})
{%- endmacro %}
