-- one row per target and revision
{{ staged(
    'planning', 'targets',
    rules=[('missing:scope_key', "scope_type <> 'company' and scope_key is null")],
) }}
