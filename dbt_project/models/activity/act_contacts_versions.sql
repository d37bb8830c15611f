-- one row per distinct state in which a contact was delivered
{{
    versions_of(
        ['stg_salesforce__contacts', 'stg_mapped__contacts', 'act_hubspot_contacts'],
        key=['contact_id'],
    )
}}
