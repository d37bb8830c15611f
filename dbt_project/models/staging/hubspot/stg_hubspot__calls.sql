-- one row per HubSpot call delivered in an export
{{ staged(
    'hubspot', 'calls',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'activity_kind': "'call'",
        'is_closed': enum_value('hubspot', 'calls', 'status', 'is_closed', "'true'") ~ ' = \'true\'',
        'telephony_result': enum_value('hubspot', 'calls', 'status', 'telephony_result'),
        'customer_number_raw': "case when call_direction = 'inbound' then from_number_raw "
            ~ 'else to_number_raw end',
        'call_duration_seconds': 'call_duration_ms / 1000',
        'call_disposition': enum_value(
            'hubspot', 'calls', 'call_disposition_raw', 'call_disposition'
        ),
        'company_refs': associated_ids('associated_companies'),
        'contact_refs': associated_ids('associated_contacts'),
        'deal_refs': associated_ids('associated_deals'),
    },
    rules=rules_of_references(['company_refs', 'contact_refs', 'deal_refs']),
) }}
