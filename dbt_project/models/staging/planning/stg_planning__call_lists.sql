-- one row per rule that names a call list
{{ staged('planning', 'call_lists') }}
