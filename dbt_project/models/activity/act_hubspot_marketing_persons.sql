-- one row per HubSpot contact delivered by a source that is the marketing system
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

-- columns only a CRM speaks of would make versions of what marketing sees unchanged
marketing_persons as (

    select
        contacts.* exclude (lead_status, account_id, company_refs),
        -- where the portal is the CRM, too, this is the very record its contact is
        contacts.person_id as own_contact_id,
    from contacts
    inner join sources
        on
            contacts.source_id = sources.source_id
            and list_contains(sources.source_classes, 'ma')

)

select * from marketing_persons
