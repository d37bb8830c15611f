-- one row per Account record delivered in an export
{{ staged(
    'salesforce', 'accounts',
    derived={
        'website_domain': website_host('website'),
    },
) }}
