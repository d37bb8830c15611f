-- one row per absence of a rep
{{ staged(
    'planning', 'absences',
    rules=[('end_before_start', 'to_date < from_date')],
) }}
