-- one row per distinct state in which a campaign was delivered
{{ versions_of('campaigns', key=['campaign_id']) }}
