-- one row per distinct state in which a campaign membership was delivered
{{ versions_of('campaign_members', key=['member_id']) }}
