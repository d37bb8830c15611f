-- one row per call result text and its meaning
{{ staged('planning', 'dispositions') }}
