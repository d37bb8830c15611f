-- one row per HubSpot call or e-mail delivered in an export, with whom it was and who made it
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

user_aliases as (

    select * from {{ ref('act_user_aliases') }}

),

references_of_activities as (

    select *
    from {{ ref('act_hubspot_references') }}
    where object in ('call', 'email')

),

activities as (

    select
        *,
        'call' as object,
    from {{ ref('stg_hubspot__calls') }}
    union all by name
    select
        *,
        'email' as object,
    from {{ ref('stg_hubspot__emails') }}

),

tasks as (

    select
        activities.* exclude (
            object, created_by_user_id, company_refs, contact_refs, deal_refs
        ),
        references_of_activities.contact_id as person_ref_id,
        case when references_of_activities.contact_id is not null then 'contact' end
            as person_ref_type,
        references_of_activities.deal_id as related_ref_id,
        case when references_of_activities.deal_id is not null then 'opportunity' end
            as related_ref_type,
        references_of_activities.company_id as account_id,
        {{ user_of_alias('activities.created_by_user_id', 'user_aliases') }} as created_by_id,
    from activities
    inner join sources
        on activities.source_id = sources.source_id
    left join references_of_activities
        on
            {{ record_system('sources') }} = references_of_activities.record_system
            and activities.object = references_of_activities.object
            and activities.activity_id = references_of_activities.record_id
    left join user_aliases
        on
            {{ record_system('sources') }} = user_aliases.record_system
            and activities.created_by_user_id = user_aliases.alt_user_id

)

select * from tasks
