-- one row per HubSpot company delivered in an export
{{ staged(
    'hubspot', 'companies',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'website_domain': website_host('domain'),
        'merged_ids': merged_record_ids('account_id', ['merged_object_ids']),
    },
) }}
