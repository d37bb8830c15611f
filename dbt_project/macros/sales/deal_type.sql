{#
    new, existing or other: the CRM's picklist of opportunity types, in Japanese or English. Null
    stays null. A company with other words maps them in sources.yml.
#}
{% macro deal_type(value) -%}
    case
        when {{ value }} is null then null
        when regexp_matches({{ match_key(value) }}, '^(new|新規)') then 'new'
        when regexp_matches(
            {{ match_key(value) }}, '^(existing|renewal|upsell|upgrade|cross|既存|更新|継続|増額)'
        ) then 'existing'
        else 'other'
    end
{%- endmacro %}
