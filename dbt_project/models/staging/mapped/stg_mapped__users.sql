-- one row per user record of a mapped source delivered in an export
{{ staged('mapped', 'users') }}
