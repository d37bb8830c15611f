-- one row per HubSpot contact delivered by a source that is the CRM, as the contact of its company
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

merges as (

    select *
    from {{ ref('act_hubspot_merges') }}
    where object = 'contact'

),

references_of_contacts as (

    select *
    from {{ ref('act_hubspot_references') }}
    where object = 'contact'

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

company_contacts as (

    select
        contacts.source_id,
        contacts.file_id,
        contacts.record,
        contacts.extracted_at,
        contacts.person_id as contact_id,
        coalesce(contacts.account_id, references_of_contacts.company_id) as account_id,
        contacts.first_name,
        contacts.last_name,
        contacts.job_title,
        contacts.email_raw,
        contacts.email_norm,
        contacts.phone_raw,
        contacts.mobile_phone_raw,
        contacts.lead_source,
        contacts.original_source_detail_1 as lead_source_detail_1,
        contacts.original_source_detail_2 as lead_source_detail_2,
        contacts.lifecycle_status,
        contacts.lead_status,
        contacts.lead_score,
        contacts.owner_key as owner_id,
        contacts.is_unsubscribed,
        merges.winner_id as merged_into_id,
        contacts.created_at,
        contacts.updated_at,
        contacts.is_deleted or merges.winner_id is not null as is_deleted,
        contacts.reject_reason,
    from contacts
    inner join sources
        on
            contacts.source_id = sources.source_id
            and list_contains(sources.source_classes, 'sfa')
    left join merges
        on
            {{ record_system('sources') }} = merges.record_system
            and contacts.person_id = merges.record_id
    left join references_of_contacts
        on
            {{ record_system('sources') }} = references_of_contacts.record_system
            and contacts.person_id = references_of_contacts.record_id

)

select * from company_contacts
