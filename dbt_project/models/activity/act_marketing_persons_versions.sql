-- one row per distinct state in which a person of a marketing system was delivered
{{
    versions_of(
        ['act_hubspot_marketing_persons', 'stg_mapped__marketing_persons'],
        key=['person_id'],
    )
}}
