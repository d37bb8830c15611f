-- one row per rule that gives a lead its channel
{{ staged('planning', 'channel_rules') }}
