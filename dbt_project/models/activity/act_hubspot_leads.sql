-- one row per HubSpot contact delivered by a source that is the CRM, as the lead it is
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

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

-- the lead and the contact are one record: no conversion lies between them
leads as (

    select
        contacts.source_id,
        contacts.file_id,
        contacts.record,
        contacts.extracted_at,
        contacts.person_id as lead_id,
        contacts.first_name,
        contacts.last_name,
        contacts.company_name,
        contacts.job_title,
        contacts.email_raw,
        contacts.email_norm,
        contacts.phone_raw,
        contacts.mobile_phone_raw,
        contacts.lead_source,
        contacts.original_source_detail_1 as lead_source_detail_1,
        contacts.original_source_detail_2 as lead_source_detail_2,
        contacts.utm_source,
        contacts.utm_medium,
        contacts.utm_campaign,
        coalesce(contacts.lead_status, contacts.lifecycle_status) as status,
        contacts.lifecycle_status,
        contacts.lead_score,
        contacts.owner_key as owner_id,
        false as is_converted,
        coalesce(merges.winner_id, contacts.person_id) as converted_contact_id,
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

)

select * from leads
