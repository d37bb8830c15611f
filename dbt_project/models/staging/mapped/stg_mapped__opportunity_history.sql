-- one row per opportunity history record of a mapped source delivered in an export
{{ staged('mapped', 'opportunity_history') }}
