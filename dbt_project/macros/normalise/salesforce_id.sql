{#
    Salesforce ids. The 15-character form is case-sensitive; 18 characters carry the case in a suffix:
    per five characters one, bit i set where character i is A-Z (formats 6.3.7). Compare 18 only.
#}

{# 15 characters become 18; anything else stays as it is. #}
{% macro salesforce_id_18(id) -%}
    case
        when regexp_full_match({{ id }}, '[A-Za-z0-9]{15}')
            then {{ id }}
            {%- for start in (1, 6, 11) %}
                || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
                {%- for place in range(5) %}
                    + case when substr({{ id }}, {{ start + place }}, 1) between 'A' and 'Z'
                        then {{ 2 ** place }} else 0 end
                {%- endfor %}, 1)
            {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}


{#
    In a Salesforce export an id has 15 or 18 characters, or is a masked one (connectors hash columns
    to md5 in base64); anything else is damage, and null.
#}
{% macro strict_salesforce_id(id) -%}
    case
        when regexp_full_match({{ id }}, '[A-Za-z0-9]{18}|[A-Za-z0-9+/]{22}==') then {{ id }}
        when regexp_full_match({{ id }}, '[A-Za-z0-9]{15}') then {{ salesforce_id_18(id) }}
    end
{%- endmacro %}


{# What an id points to, by its prefix. #}
{% macro salesforce_object(id, prefixes, otherwise) -%}
    case
        when {{ id }} is null then null
        {%- for prefix, object in prefixes.items() %}
        when starts_with({{ id }}, {{ literal(prefix) }}) then {{ literal(object) }}
        {%- endfor %}
        else {{ literal(otherwise) }}
    end
{%- endmacro %}
