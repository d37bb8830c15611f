-- one row per account record of a mapped source delivered in an export
{{ staged(
    'mapped', 'accounts',
    derived={
        'website_domain': website_host('website_domain'),
    },
) }}
