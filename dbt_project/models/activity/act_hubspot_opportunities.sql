-- one row per HubSpot deal delivered in an export, with its company, its contacts and who made it
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

merges as (

    select *
    from {{ ref('act_hubspot_merges') }}
    where object = 'deal'

),

user_aliases as (

    select * from {{ ref('act_user_aliases') }}

),

references_of_deals as (

    select *
    from {{ ref('act_hubspot_references') }}
    where object = 'deal'

),

deals as (

    select * from {{ ref('stg_hubspot__deals') }}

),

-- every contact of a deal is a lead it may have grown from; what was merged away lives on in its winner
opportunities as (

    select
        deals.* exclude (created_by_user_id, merged_ids, company_refs, contact_refs, is_deleted),
        references_of_deals.company_id as account_id,
        references_of_deals.contact_id as primary_contact_id,
        references_of_deals.contact_ids as lead_ids,
        {{ user_of_alias('deals.created_by_user_id', 'user_aliases') }} as created_by_id,
        deals.is_deleted or merges.winner_id is not null as is_deleted,
    from deals
    inner join sources
        on deals.source_id = sources.source_id
    left join merges
        on
            {{ record_system('sources') }} = merges.record_system
            and deals.opportunity_id = merges.record_id
    left join references_of_deals
        on
            {{ record_system('sources') }} = references_of_deals.record_system
            and deals.opportunity_id = references_of_deals.record_id
    left join user_aliases
        on
            {{ record_system('sources') }} = user_aliases.record_system
            and deals.created_by_user_id = user_aliases.alt_user_id

)

select * from opportunities
