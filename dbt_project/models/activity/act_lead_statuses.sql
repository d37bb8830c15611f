-- one row per person whose lead status or lifecycle stage says something by the as-of date
with

settings as (

    select * from {{ ref('act_settings') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

marketing_persons as (

    select * from {{ ref('act_marketing_persons_versions') }}

),

status_steps as (

    select
        source_id,
        {{ match_key('status') }} as status,
        step
    from {{ ref('stg_kura__lead_status_steps') }}

),

-- statuses are overwritten in place: an earlier version may be all that tells of an MQL
status_versions as (

    select
        person_records.person_id,
        coalesce(
            status_steps.step = 'mql'
            and (
                leads.updated_at is null
                or {{ reporting_date('leads.updated_at', 'settings.reporting_timezone') }}
                <= settings.as_of_date
            ),
            false
        ) as is_mql,
        leads.is_current
        and not coalesce(leads.is_deleted, false) as is_live,
        coalesce(status_steps.step in ('handed_back', 'nurturing'), false) as is_back,
        person_records.created_at,
        leads.lead_id
    from leads
    inner join person_records
        on leads.record_system = person_records.record_system
        and leads.lead_id = person_records.record_id
        and person_records.record_type = 'lead'
    left join status_steps
        on leads.source_id = status_steps.source_id
        and {{ match_key('leads.status') }} = status_steps.status
    cross join settings

),

crm as (

    select
        person_id,
        bool_or(is_mql) as is_mql,
        coalesce(
            arg_max(is_back, { 'created_at': created_at, 'id': lead_id }) filter (where is_live),
            false
        ) as is_handed_back
    from status_versions
    group by person_id

),

-- HubSpot's default lifecycle; every stage from MQL on implies it
lifecycle as (

    select
        person_records.person_id,
        bool_or(
            {{ match_key('marketing_persons.lifecycle_status') }} in (
                'marketingqualifiedlead',
                'salesqualifiedlead',
                'opportunity',
                'customer',
                'evangelist'
            )
        ) as is_mql
    from marketing_persons
    inner join person_records
        on marketing_persons.record_system = person_records.record_system
        and marketing_persons.person_id = person_records.record_id
        and person_records.record_type = 'ma_person'
    where marketing_persons.is_current
    group by person_records.person_id

),

final as (

    select
        coalesce(crm.person_id, lifecycle.person_id) as person_id,
        coalesce(crm.is_mql, false) or coalesce(lifecycle.is_mql, false) as is_mql,
        coalesce(crm.is_handed_back, false) as is_handed_back
    from crm
    full join lifecycle on crm.person_id = lifecycle.person_id

)

select * from final
