-- one row per distinct state in which a lead was delivered
{{
    versions_of(
        ['stg_salesforce__leads', 'stg_mapped__leads', 'act_hubspot_leads'],
        key=['lead_id'],
    )
}}
