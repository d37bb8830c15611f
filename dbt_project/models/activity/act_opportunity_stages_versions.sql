-- one row per distinct state in which an opportunity stage was delivered
{{ versions_of('opportunity_stages', key=['stage_key']) }}
