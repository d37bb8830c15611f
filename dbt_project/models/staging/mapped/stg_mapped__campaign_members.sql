-- one row per campaign member record of a mapped source delivered in an export
{{ staged('mapped', 'campaign_members') }}
