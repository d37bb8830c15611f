-- one row per participation in a marketing event delivered in an export
{% set activity_id %}
    coalesce(activity_id, sha256(concat_ws(
        '|', program_id, coalesce(person_id, email_raw, ''), status_name, activity_at
    )))
{% endset %}
{{ staged(
    'hubspot', 'event_participations',
    derived={
        'activity_id': activity_id,
        'program_id': 'coalesce(program_id, external_event_id)',
        'activity_id_is_synthetic': 'activity_id is null',
        'attendance_state': enum_value(
            'hubspot', 'event_participations', 'status_name', 'attendance_state', "'other'"
        ),
        'activity_type': enum_value(
            'hubspot', 'event_participations', 'status_name', 'activity_type', "'other'"
        ),
        'vendor_type_code': 'status_name',
        'asset_type': "'webinar'",
        'account': 'source_account',
        'email_norm': normalise_email('email_raw'),
    },
    rules=[('missing:program_id', 'program_id is null')],
) }}
