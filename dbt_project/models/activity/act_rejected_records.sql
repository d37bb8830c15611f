-- one row per row of an export that staging refused, with the first rule it broke
{% set objects = {
    'hubspot': [
        'associations', 'calls', 'companies', 'contact_property_history', 'contacts',
        'deal_property_history', 'deals', 'email_events', 'emails', 'event_participations',
        'form_submissions', 'meetings', 'owners', 'page_views', 'pipelines',
    ],
    'mapped': [
        'accounts', 'call_legs', 'campaign_members', 'campaigns', 'contacts', 'events', 'leads',
        'marketing_activities', 'marketing_persons', 'opportunities', 'opportunity_history',
        'opportunity_stages', 'survey_responses', 'tasks', 'users',
    ],
    'miitel': ['history_legs', 'webhook_legs'],
    'planning': [
        'absences', 'actions', 'call_lists', 'channel_rules', 'company_holidays', 'costs',
        'currency_rates', 'dispositions', 'roster', 'success_factors', 'target_accounts', 'targets',
        'title_map', 'working_hours',
    ],
    'salesforce': [
        'accounts', 'campaign_members', 'campaigns', 'contacts', 'events', 'leads',
        'opportunities', 'opportunity_history', 'opportunity_stages', 'tasks', 'users',
    ],
} %}
with

{% for system, names in objects.items() -%}
{% for object in names -%}
{{ system }}_{{ object }} as (

    select * from {{ ref('stg_' ~ system ~ '__' ~ object) }}

),

{% endfor -%}
{% endfor -%}

rejected as (
{% for system, names in objects.items() %}
{% for object in names %}
    select
        source_id,
        '{{ system }}' as system,
        '{{ object }}' as object_name,
        file_id,
        record,
        {{ 'element' if object in ('webhook_legs', 'pipelines') else 'cast(null as integer)' }} as element,
        reject_reason
    from {{ system }}_{{ object }}
    where reject_reason is not null
{% if not loop.last %}
    union all
{% endif -%}
{% endfor -%}
{% if not loop.last %}
    union all
{% endif -%}
{% endfor %}

)

select * from rejected
