-- one row per marketing event of a mapped source delivered in an export
{% set activity_id %}
    coalesce(activity_id, sha256(concat_ws(
        '|', coalesce(person_id, email_raw, ''), activity_type, activity_at,
        coalesce(asset_id, '')
    )))
{% endset %}
{{ staged(
    'mapped', 'marketing_activities',
    derived={
        'activity_id': activity_id,
        'activity_id_is_synthetic': 'activity_id is null',
        'email_norm': normalise_email('email_raw'),
        'utm_source': 'coalesce(utm_source, ' ~ utm_from_url('url', 'source') ~ ')',
        'utm_medium': 'coalesce(utm_medium, ' ~ utm_from_url('url', 'medium') ~ ')',
        'utm_campaign': 'coalesce(utm_campaign, ' ~ utm_from_url('url', 'campaign') ~ ')',
        'utm_content': 'coalesce(utm_content, ' ~ utm_from_url('url', 'content') ~ ')',
        'utm_term': 'coalesce(utm_term, ' ~ utm_from_url('url', 'term') ~ ')',
    },
) }}
