-- one row per value a property of a HubSpot deal had, delivered in an export
{{ staged(
    'hubspot', 'deal_property_history',
    derived={'change_id': "concat_ws('|', opportunity_id, field, changed_ms)"},
) }}
