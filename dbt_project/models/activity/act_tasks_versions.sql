-- one row per distinct state in which a task was delivered
{{
    versions_of(
        ['stg_salesforce__tasks', 'stg_mapped__tasks', 'act_hubspot_tasks'],
        key=['activity_id'],
    )
}}
