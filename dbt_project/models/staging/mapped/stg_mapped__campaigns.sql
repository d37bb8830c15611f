-- one row per campaign record of a mapped source delivered in an export
{{ staged('mapped', 'campaigns') }}
