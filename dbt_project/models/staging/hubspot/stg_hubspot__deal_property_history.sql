-- one row per value a property of a HubSpot deal had, delivered in an export
{{ staged(
    'hubspot', 'deal_property_history',
    derived={
        'change_id': "concat_ws('|', opportunity_id, field, changed_ms)",
        'stage_key': "case when field = 'dealstage' then new_value end",
        'amount': "case when field = 'amount' then " ~ decimal('new_value') ~ ' end',
        'close_date': "case when field = 'closedate' then " ~ local_day('new_value', 'hubspot') ~ ' end',
        'owner_id': "case when field = 'hubspot_owner_id' then new_value end",
    },
    rules=[
        ('bad_decimal:amount', "field = 'amount' and new_value is not null and amount is null"),
        ('bad_date:close_date', "field = 'closedate' and new_value is not null and close_date is null"),
    ],
) }}
