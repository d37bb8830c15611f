-- one row per contact record of a mapped source delivered in an export
{{ staged(
    'mapped', 'contacts',
    derived={
        'email_norm': normalise_email('email_raw'),
    },
) }}
