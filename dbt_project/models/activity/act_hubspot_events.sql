-- one row per HubSpot meeting delivered in an export, with whom it was and who booked it
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

user_aliases as (

    select * from {{ ref('act_user_aliases') }}

),

references_of_meetings as (

    select *
    from {{ ref('act_hubspot_references') }}
    where object = 'meeting'

),

meetings as (

    select * from {{ ref('stg_hubspot__meetings') }}

),

events as (

    select
        meetings.* exclude (created_by_user_id, company_refs, contact_refs, deal_refs),
        references_of_meetings.contact_id as person_ref_id,
        case when references_of_meetings.contact_id is not null then 'contact' end
            as person_ref_type,
        references_of_meetings.deal_id as related_ref_id,
        case when references_of_meetings.deal_id is not null then 'opportunity' end
            as related_ref_type,
        references_of_meetings.company_id as account_id,
        {{ user_of_alias('meetings.created_by_user_id', 'user_aliases') }} as created_by_id,
    from meetings
    inner join sources
        on meetings.source_id = sources.source_id
    left join references_of_meetings
        on
            {{ record_system('sources') }} = references_of_meetings.record_system
            and meetings.meeting_id = references_of_meetings.record_id
    left join user_aliases
        on
            {{ record_system('sources') }} = user_aliases.record_system
            and meetings.created_by_user_id = user_aliases.alt_user_id

)

select * from events
