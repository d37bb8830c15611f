-- one row per distinct state in which an opportunity stage was delivered
{{
    versions_of(
        ['stg_salesforce__opportunity_stages', 'stg_mapped__opportunity_stages', 'stg_hubspot__pipelines'],
        key=['stage_key'],
    )
}}
