-- one row per distinct state in which an opportunity was delivered
{{
    versions_of(
        ['stg_salesforce__opportunities', 'stg_mapped__opportunities', 'act_hubspot_opportunities'],
        key=['opportunity_id'],
    )
}}
