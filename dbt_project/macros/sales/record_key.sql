{#
    The published id of a CRM record. Salesforce ids are unique everywhere; other ids are unique only
    inside their account, so they carry it.
#}
{% macro record_key(record_system, record_id) -%}
    case
        when starts_with({{ record_system }}, 'salesforce') then {{ record_id }}
        else {{ record_system }} || ':' || {{ record_id }}
    end
{%- endmacro %}
