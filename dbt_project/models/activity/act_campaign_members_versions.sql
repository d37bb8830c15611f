-- one row per distinct state in which a campaign membership was delivered
{{
    versions_of(
        ['stg_salesforce__campaign_members', 'stg_mapped__campaign_members'],
        key=['member_id'],
    )
}}
