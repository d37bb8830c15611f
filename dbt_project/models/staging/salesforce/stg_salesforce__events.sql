-- one row per Event record delivered in an export; a group event has one row per invitee, a
-- series may have one for its pattern (both is_child)
{% set starts_at %}
    case
        when is_all_day then coalesce(
            {{ local_midnight('coalesce(activity_date, cast(starts_at as date))', 'salesforce') }},
            starts_at
        )
        else starts_at
    end
{% endset %}
{% set outcome %}
    case
        when {{ is_one_of(
            'lower(meeting_outcome)', ['scheduled', 'held', 'no_show', 'canceled', 'rescheduled']
        ) }} then lower(meeting_outcome)
        else 'unknown'
    end
{% endset %}
{% set outcome_basis %}
    case when meeting_outcome is null then 'none' else 'custom_field' end
{% endset %}
{{ staged(
    'salesforce', 'events',
    derived={
        'is_child': 'is_child or (is_recurrence and starts_at is null and activity_date is null)',
        'starts_at': starts_at,
        'meeting_type_raw': 'coalesce(meeting_type, type, event_subtype)',
        'outcome_raw': 'meeting_outcome__exported',
        'outcome': outcome,
        'outcome_basis': outcome_basis,
        'person_ref_type': salesforce_object('person_ref_id', {'00Q': 'lead', '003': 'contact'}, 'unknown'),
        'related_ref_type': salesforce_object(
            'related_ref_id',
            {'006': 'opportunity', '001': 'account', '701': 'campaign'},
            'other'
        ),
    },
    rules=[
        ('missing:starts_at', 'starts_at is null and not is_child'),
        ('end_before_start', 'not is_all_day and ends_at < starts_at'),
    ],
) }}
