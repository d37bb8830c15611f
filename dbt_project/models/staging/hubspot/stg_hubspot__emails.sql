-- one row per one-to-one e-mail of HubSpot delivered in an export
{{ staged(
    'hubspot', 'emails',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'activity_kind': enum_value(
            'hubspot', 'emails', 'email_direction', 'activity_kind', "'other'"
        ),
        'is_closed': enum_value('hubspot', 'emails', 'status', 'is_closed', "'true'") ~ ' = \'true\'',
        'company_refs': associated_ids('associated_companies'),
        'contact_refs': associated_ids('associated_contacts'),
        'deal_refs': associated_ids('associated_deals'),
    },
    rules=rules_of_references(['company_refs', 'contact_refs', 'deal_refs']),
) }}
