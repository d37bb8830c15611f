-- one row per distinct state in which a calendar event was delivered
{{
    versions_of(
        ['stg_salesforce__events', 'stg_mapped__events'],
        key=['meeting_id'],
    )
}}
