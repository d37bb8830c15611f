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

contacts_of_opportunities as (

    select
        record_system,
        unnest(lead_ids) as lead_id,
        opportunity_id,
        created_at
    from opportunity_versions
    where
        is_current
        and not coalesce(is_deleted, false)

),

-- where contacts are the leads, all contacts of an opportunity may be; but a lead converts once, so a
-- customer's later opportunities are not what it became
first_opportunities as (

    select
        record_system,
        lead_id,
        opportunity_id
    from contacts_of_opportunities
    qualify
        row_number() over (
            partition by record_system, lead_id
            order by created_at, opportunity_id
        ) = 1

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

    select
        record_system,
        lead_id,
        opportunity_id
    from first_opportunities

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
