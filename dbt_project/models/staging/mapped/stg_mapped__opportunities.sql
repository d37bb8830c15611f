-- one row per opportunity record of a mapped source delivered in an export
{{ staged('mapped', 'opportunities') }}
