-- one row per distinct state in which an account was delivered
{{
    versions_of(
        ['stg_salesforce__accounts', 'stg_mapped__accounts', 'act_hubspot_accounts'],
        key=['account_id'],
    )
}}
