-- one row per distinct state in which a lead was delivered
{{ versions_of('leads', key=['lead_id']) }}
