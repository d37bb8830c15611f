-- one row per survey response of a mapped source delivered in an export
{{ staged(
    'mapped', 'survey_responses',
    derived={
        'email_norm': normalise_email('email_raw'),
    },
    rules=[
        ('out_of_range:score_max', 'score_max <= score_min'),
        ('out_of_range:score', 'score < score_min or score > score_max'),
    ],
) }}
