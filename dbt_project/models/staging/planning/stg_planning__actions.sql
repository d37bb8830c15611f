-- one row per improvement action
{{ staged(
    'planning', 'actions',
    rules=[('missing:scope_key', "scope_type <> 'company' and scope_key is null")],
) }}
