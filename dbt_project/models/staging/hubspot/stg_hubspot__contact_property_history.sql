-- one row per value a property of a HubSpot contact had, delivered in an export
{{ staged(
    'hubspot', 'contact_property_history',
    derived={'change_id': "concat_ws('|', contact_id, field, changed_ms)"},
) }}
