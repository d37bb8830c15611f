-- one row per lead record of a mapped source delivered in an export
{{ staged(
    'mapped', 'leads',
    derived={
        'email_norm': normalise_email('email_raw'),
    },
) }}
