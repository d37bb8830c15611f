-- one row per HubSpot deal delivered in an export
{{ staged(
    'hubspot', 'deals',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'close_date': local_day('closed_text', 'hubspot'),
        'merged_ids': merged_record_ids('opportunity_id', ['merged_object_ids']),
        'company_refs': associated_ids('associated_companies'),
        'contact_refs': associated_ids('associated_contacts'),
    },
    rules=rules_of_local_day('closed_text', 'close_date')
        + rules_of_references(['company_refs', 'contact_refs']),
) }}
