{#
    The published id of a CRM record. Salesforce ids are unique everywhere; the ids of a mapped
    source are unique only inside its account, so they carry it.
#}
{% macro record_key(record_system, record_id) -%}
    case
        when starts_with({{ record_system }}, 'mapped:')
            then {{ record_system }} || ':' || {{ record_id }}
        else {{ record_id }}
    end
{%- endmacro %}
