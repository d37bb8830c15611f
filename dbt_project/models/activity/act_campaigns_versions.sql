-- one row per distinct state in which a campaign was delivered
{{
    versions_of(
        ['stg_salesforce__campaigns', 'stg_mapped__campaigns'],
        key=['campaign_id'],
    )
}}
