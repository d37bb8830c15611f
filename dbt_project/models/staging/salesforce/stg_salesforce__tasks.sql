-- one row per Task record delivered in an export
{% set activity_kind %}
    case
        when task_subtype = 'Call' or call_type is not null
            or call_duration_seconds is not null then 'call'
        when task_subtype = 'Email' then 'email'
        when task_subtype = 'ListEmail' then 'list_email'
        else 'task'
    end
{% endset %}
{% set call_direction %}
    case
        when lower(call_type) in ('inbound', 'outbound', 'internal') then lower(call_type)
        when call_type is not null then 'unknown'
    end
{% endset %}
{{ staged(
    'salesforce', 'tasks',
    derived={
        'activity_kind': activity_kind,
        'activity_at': 'coalesce(completed_at, created_at)',
        'person_ref_type': salesforce_object('person_ref_id', {'00Q': 'lead', '003': 'contact'}, 'unknown'),
        'related_ref_type': salesforce_object(
            'related_ref_id',
            {'006': 'opportunity', '001': 'account', '701': 'campaign'},
            'other'
        ),
        'call_direction': call_direction,
    },
) }}
