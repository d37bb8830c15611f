-- one row per success factor of a KGI and metric that measures it
{{ staged('planning', 'success_factors') }}
