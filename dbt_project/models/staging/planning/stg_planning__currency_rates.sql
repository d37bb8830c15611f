-- one row per currency and day from which a rate holds
{{ staged(
    'planning', 'currency_rates',
    rules=[('out_of_range:rate', 'rate <= 0')],
) }}
