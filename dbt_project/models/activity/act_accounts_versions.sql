-- one row per distinct state in which an account was delivered
{{ versions_of('accounts', key=['account_id']) }}
