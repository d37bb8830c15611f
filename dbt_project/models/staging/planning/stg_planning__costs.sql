-- one row per month, channel and campaign with its cost
{{ staged(
    'planning', 'costs',
    rules=[('out_of_range:amount', 'amount < 0')],
) }}
