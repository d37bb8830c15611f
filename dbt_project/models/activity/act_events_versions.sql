-- one row per distinct state in which a calendar event was delivered
{{
    versions_of(
        ['stg_salesforce__events', 'stg_mapped__events', 'act_hubspot_events'],
        key=['meeting_id'],
    )
}}
