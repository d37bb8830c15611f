-- one row per page a contact visited, delivered in an export
{{ staged(
    'hubspot', 'page_views',
    derived={
        'activity_type': enum_value(
            'hubspot', 'page_views', 'vendor_type_code', 'activity_type', "'other'"
        ),
        'asset_type': "'page'",
        'person_id': "case when lower(coalesce(visitor_type, 'contact')) in ('contact', '0-1') then visitor_id end",
        'account': 'source_account',
        'utm_source': 'lower(utm_source)',
        'utm_medium': 'lower(utm_medium)',
    },
) }}
