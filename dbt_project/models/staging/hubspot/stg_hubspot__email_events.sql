-- one row per e-mail event delivered in an export
{% set activity_type %}
    case
        when upper(vendor_type_code) = 'STATUSCHANGE' then
            case
                when upper(new_value) = 'UNSUBSCRIBED' or regexp_matches(
                    upper(subscriptions), '"STATUS" *: *"(UNSUBSCRIBED|OPT_OUT)"'
                ) then 'email_unsubscribed'
                else 'other'
            end
        else {{ enum_value(
            'hubspot', 'email_events', 'vendor_type_code', 'activity_type', "'other'"
        ) }}
    end
{% endset %}
{{ staged(
    'hubspot', 'email_events',
    derived={
        'activity_id': "vendor_event_id || '|' || created_ms",
        'account': 'coalesce(account, source_account)',
        'email_norm': normalise_email('email_raw'),
        'activity_type': activity_type,
        'bounce_kind': "case when upper(vendor_type_code) = 'BOUNCE' then 'unknown' end",
        'asset_type': "'email'",
        'send_key': "coalesce(sent_by_id, case when upper(vendor_type_code) = 'SENT' then vendor_event_id end)",
        'utm_source': utm_from_url('url', 'source'),
        'utm_medium': utm_from_url('url', 'medium'),
        'utm_campaign': utm_from_url('url', 'campaign'),
        'utm_content': utm_from_url('url', 'content'),
        'utm_term': utm_from_url('url', 'term'),
    },
) }}
