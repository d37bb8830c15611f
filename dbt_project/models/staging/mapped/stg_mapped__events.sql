-- one row per meeting record of a mapped source delivered in an export
{{ staged(
    'mapped', 'events',
    derived={
        'outcome': "coalesce(outcome, 'unknown')",
        'outcome_raw': 'outcome__exported',
        'outcome_basis': "case when outcome is null then 'none' else 'vendor_field' end",
    },
    rules=[
        ('missing:starts_at', 'starts_at is null'),
        ('end_before_start', 'not is_all_day and ends_at < starts_at'),
    ],
) }}
