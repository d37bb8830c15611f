-- one row per entry of an opportunity's history, as the CRM wrote it
with

versions as (

    {{
        versions_of(
            [
                'stg_salesforce__opportunity_history',
                'stg_mapped__opportunity_history',
                'act_hubspot_opportunity_history',
            ],
            key=['snapshot_id'],
            version_column=none,
        ) | indent(4)
    }}

),

current_entries as (

    select * exclude (is_current, first_extracted_at, last_extracted_at)
    from versions
    where
        is_current
        and not coalesce(versions.is_deleted, false)

)

select * from current_entries
