-- one row per distinct state in which a person of a marketing system was delivered
{{
    versions_of(
        ['stg_hubspot__contacts', 'stg_mapped__marketing_persons'],
        key=['person_id'],
    )
}}
