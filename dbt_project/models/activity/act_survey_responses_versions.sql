-- one row per distinct state in which a survey response was delivered
{{
    versions_of(
        ['stg_mapped__survey_responses'],
        key=['response_id'],
    )
}}
