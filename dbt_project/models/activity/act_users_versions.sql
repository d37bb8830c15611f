-- one row per distinct state in which a CRM user was delivered
{{
    versions_of(
        ['stg_salesforce__users', 'stg_mapped__users', 'stg_hubspot__owners'],
        key=['user_id'],
    )
}}
