-- one row per instant at which a lead's status or lifecycle stage became another one, as its CRM tells
with

sources as (

    select * from {{ ref('act_sources') }}

),

changes as (

    select *
    from {{ ref('stg_hubspot__contact_property_history') }}
    where
        reject_reason is null
        and field in ('hs_lead_status', 'lifecyclestage')
        and new_value is not null

),

-- a history is exported whole each time
final as (

    select distinct
        {{ record_system('sources') }} as record_system,
        changes.source_id,
        changes.contact_id as lead_id,
        changes.changed_at,
        case when changes.field = 'hs_lead_status' then changes.new_value end as status,
        case when changes.field = 'lifecyclestage' then changes.new_value end as lifecycle_status
    from changes
    inner join sources on changes.source_id = sources.source_id

)

select * from final
