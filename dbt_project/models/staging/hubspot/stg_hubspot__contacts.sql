-- one row per HubSpot contact delivered in an export
{#- a person deleted at her own wish leaves her record's id and instants, nothing that tells of her -#}
{% set derived = {
    'is_deleted': 'is_deleted or is_gdpr_deleted',
    'updated_at': 'greatest(updated_at, archived_at)',
    'email_norm': unless_forgotten(normalise_email('email_raw')),
    'merged_ids': merged_record_ids('person_id', ['merged_object_ids', 'merged_vids']),
    'company_refs': associated_ids('associated_companies'),
} %}
{% for column in [
    'email_raw', 'first_name', 'last_name', 'company_name', 'job_title', 'phone_raw',
    'mobile_phone_raw', 'first_page_url',
] %}
    {% do derived.update({column: unless_forgotten(column)}) %}
{% endfor %}
{% for part in ['source', 'medium', 'campaign', 'content', 'term'] %}
    {% do derived.update({'utm_' ~ part: unless_forgotten(utm_from_url('first_page_url', part))}) %}
{% endfor %}
{{ staged('hubspot', 'contacts', derived=derived, rules=rules_of_references(['company_refs'])) }}
