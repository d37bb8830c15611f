-- one row per HubSpot deal delivered in an export
{{ staged(
    'hubspot', 'deals',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'close_date': local_day('closed_text', 'hubspot'),
        'merged_ids': merged_record_ids('opportunity_id', ['merged_object_ids']),
        'stage_entries': '_stage_entries',
        'company_refs': associated_ids('associated_companies'),
        'contact_refs': associated_ids('associated_contacts'),
    },
    steps=[
        {'_said_entries': said_stage_entries('all_properties')},
        {'_stage_entries': stage_entries('_said_entries', 'hubspot')},
    ],
    rules=rules_of_local_day('closed_text', 'close_date')
        + rules_of_references(['company_refs', 'contact_refs'])
        + [('bad_timestamp:stage_entries', "list_contains(list_transform(_stage_entries, "
            ~ "lambda entry: entry.entered_at is null), true)")],
) }}
