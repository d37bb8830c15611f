-- one row per value a property of a HubSpot deal had, delivered in an export
{% set closed_text = "case when field = 'closedate' then new_value end" %}
{{ staged(
    'hubspot', 'deal_property_history',
    derived={
        'change_id': "concat_ws('|', opportunity_id, field, changed_ms)",
        'stage_key': "case when field = 'dealstage' then new_value end",
        'amount': "case when field = 'amount' then " ~ decimal('new_value') ~ ' end',
        'close_date': local_day(closed_text, 'hubspot'),
        'owner_id': "case when field = 'hubspot_owner_id' then new_value end",
    },
    rules=[
        ('bad_decimal:amount', "field = 'amount' and new_value is not null and amount is null"),
    ] + rules_of_local_day(closed_text, 'close_date'),
) }}
