-- one row per HubSpot company delivered in an export, with the company it was merged into
{{ config(materialized='view') }}
with

sources as (

    select * from {{ ref('act_sources') }}

),

merges as (

    select *
    from {{ ref('act_hubspot_merges') }}
    where object = 'company'

),

companies as (

    select * from {{ ref('stg_hubspot__companies') }}

),

accounts as (

    select
        companies.* exclude (merged_ids, is_deleted),
        merges.winner_id as merged_into_id,
        companies.is_deleted or merges.winner_id is not null as is_deleted,
    from companies
    inner join sources
        on companies.source_id = sources.source_id
    left join merges
        on
            {{ record_system('sources') }} = merges.record_system
            and companies.account_id = merges.record_id

)

select * from accounts
