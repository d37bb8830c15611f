-- one row per Lead record delivered in an export
{{ staged(
    'salesforce', 'leads',
    derived={
        'email_norm': normalise_email('email_raw'),
    },
) }}
