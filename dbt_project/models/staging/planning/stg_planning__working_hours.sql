-- one row per weekday and day from which the hours hold
{{ staged(
    'planning', 'working_hours',
    derived={
        'opens': "lpad(opens, 5, '0')",
        'closes': "lpad(closes, 5, '0')",
    },
    rules=[('end_before_start', 'closes <= opens')],
) }}
