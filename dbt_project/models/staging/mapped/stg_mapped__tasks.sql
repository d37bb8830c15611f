-- one row per activity record of a mapped source delivered in an export
{{ staged(
    'mapped', 'tasks',
    derived={
        'activity_at': 'coalesce(completed_at, created_at)',
    },
) }}
