-- one row per rep and period of validity on the roster
{{ staged(
    'planning', 'roster',
    derived={
        'cti': "case when cti = 'no' then 'none' else cti end",
    },
    rules=[('end_before_start', 'valid_to < valid_from')],
) }}
