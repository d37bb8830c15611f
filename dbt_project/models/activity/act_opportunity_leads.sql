-- one row per opportunity and person whose lead it grew from
with

leads as (

    select * from {{ ref('act_leads_versions') }}

),

opportunity_versions as (

    select * from {{ ref('act_opportunities_versions') }}

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

converted as (

    select
        record_system,
        lead_id,
        converted_opportunity_id as opportunity_id
    from leads
    where
        is_current
        and converted_opportunity_id is not null

    union

    -- a mapped source may say it from the opportunity's side
    select
        record_system,
        lead_id,
        opportunity_id
    from opportunity_versions
    where
        is_current
        and lead_id is not null

    union

    -- where contacts are the leads, all contacts of the opportunity may be
    select
        record_system,
        unnest(lead_ids) as lead_id,
        opportunity_id
    from opportunity_versions
    where is_current

),

final as (

    select distinct
        {{ record_key('converted.record_system', 'converted.opportunity_id') }}
            as opportunity_id,
        crm_people.person_id
    from converted
    inner join crm_people
        on converted.record_system = crm_people.record_system
        and converted.lead_id = crm_people.record_id
        and crm_people.is_lead

)

select * from final
