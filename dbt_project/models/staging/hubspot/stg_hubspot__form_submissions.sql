-- one row per form submission delivered in an export
{% set email %}
    list_filter(
        json_transform("values", '[{"name": "VARCHAR", "value": "VARCHAR"}]'),
        lambda typed: lower(typed.name) = 'email'
    )[1].value
{% endset %}
{{ staged(
    'hubspot', 'form_submissions',
    derived={
        'activity_id': "coalesce(activity_id, sha256(concat_ws('|', coalesce(_email, ''), activity_at, asset_id)))",
        'activity_id_is_synthetic': 'activity_id is null',
        'activity_type': "'form_submitted'",
        'vendor_type_code': "'FORM_SUBMISSION'",
        'asset_type': "'form'",
        'email_raw': '_email',
        'email_norm': normalise_email('_email'),
        'account': 'source_account',
        'utm_source': utm_from_url('url', 'source'),
        'utm_medium': utm_from_url('url', 'medium'),
        'utm_campaign': utm_from_url('url', 'campaign'),
        'utm_content': utm_from_url('url', 'content'),
        'utm_term': utm_from_url('url', 'term'),
    },
    steps=[{
        '_email': email
    }],
) }}
