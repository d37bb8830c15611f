-- one row per association of two HubSpot records delivered in an export
{{ staged(
    'hubspot', 'associations',
    derived={
        'from_object': enum_value('hubspot', 'associations', 'from_type', 'object', "'other'"),
        'to_object': enum_value('hubspot', 'associations', 'to_type', 'object', "'other'"),
        'rank': association_rank("concat_ws(' ', association_type, association_label)"),
    },
) }}
