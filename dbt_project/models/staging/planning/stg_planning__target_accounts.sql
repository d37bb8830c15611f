-- one row per account on a target list and period of validity
{{ staged(
    'planning', 'target_accounts',
    rules=[('end_before_start', 'valid_to < valid_from')],
) }}
