-- one row per opportunity stage record of a mapped source delivered in an export
{{ staged('mapped', 'opportunity_stages') }}
