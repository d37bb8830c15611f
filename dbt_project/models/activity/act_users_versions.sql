-- one row per distinct state in which a CRM user was delivered
{{ versions_of('users', key=['user_id']) }}
