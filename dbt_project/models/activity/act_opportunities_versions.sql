-- one row per distinct state in which an opportunity was delivered
{{ versions_of('opportunities', key=['opportunity_id']) }}
