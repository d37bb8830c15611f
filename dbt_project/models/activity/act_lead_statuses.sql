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

status_changes as (

    select * from {{ ref('act_lead_status_changes') }}

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

-- statuses are overwritten in place: an earlier version, or a history, may be all that tells of an MQL
told_statuses as (

    select
        record_system,
        source_id,
        lead_id,
        status,
        is_current,
        updated_at,
        valid_at,
        last_extracted_at
    from leads

    union all

    select
        record_system,
        source_id,
        lead_id,
        status,
        false as is_current,
        changed_at as updated_at,
        changed_at as valid_at,
        cast(null as timestamp) as last_extracted_at
    from status_changes
    where status is not null

),

status_versions as (

    select
        person_records.person_id,
        told_statuses.record_system,
        told_statuses.lead_id,
        person_records.created_at,
        not coalesce(person_records.is_deleted, false) as is_living,
        status_steps.step,
        told_statuses.is_current,
        told_statuses.valid_at,
        told_statuses.last_extracted_at,
        {{ reporting_date('told_statuses.updated_at') }} as told_on,
        told_statuses.updated_at is null
        or {{ reporting_date('told_statuses.updated_at') }}
        <= settings.as_of_date as is_known
    from told_statuses
    inner join person_records
        on told_statuses.record_system = person_records.record_system
        and told_statuses.lead_id = person_records.record_id
        and person_records.record_type = 'lead'
    left join status_steps
        on told_statuses.source_id = status_steps.source_id
        and {{ match_key('told_statuses.status') }} = status_steps.status
    cross join settings
    where coalesce(
        {{ reporting_date('person_records.created_at') }}
        <= settings.as_of_date,
        true
    )

),

-- where each lead stood at the as-of date: its last version dated by then
last_known as (

    select
        person_id,
        lead_id,
        created_at,
        is_living,
        coalesce(is_known and step in ('handed_back', 'nurturing'), false) as is_back
    from status_versions
    qualify
        row_number() over (
            partition by record_system, lead_id
            order by is_known desc, is_current desc, valid_at desc, last_extracted_at desc
        ) = 1

),

handed_back as (

    select
        person_id,
        arg_max(is_back, { 'created_at': created_at, 'id': lead_id }) as is_handed_back
    from last_known
    where is_living
    group by person_id

),

crm as (

    select
        status_versions.person_id,
        coalesce(bool_or(status_versions.is_known and status_versions.step = 'mql'), false)
            as is_mql,
        min(status_versions.told_on)
            filter (where status_versions.is_known and status_versions.step = 'mql') as mql_on,
        coalesce(any_value(handed_back.is_handed_back), false) as is_handed_back
    from status_versions
    left join handed_back on status_versions.person_id = handed_back.person_id
    group by status_versions.person_id

),

-- the same record may be a lead of the CRM and a person of marketing
lifecycles as (

    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        lifecycle_status,
        updated_at
    from marketing_persons

    union all

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        lifecycle_status,
        updated_at
    from leads

    union all

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        lifecycle_status,
        changed_at as updated_at
    from status_changes

),

-- HubSpot's default lifecycle; every stage from MQL on implies it
lifecycle_mqls as (

    select
        person_records.person_id,
        {{ match_key('lifecycles.lifecycle_status') }} in (
            'marketingqualifiedlead',
            'salesqualifiedlead',
            'opportunity',
            'customer',
            'evangelist'
        ) as is_mql,
        {{ reporting_date('lifecycles.updated_at') }} as told_on
    from lifecycles
    inner join person_records
        on lifecycles.record_system = person_records.record_system
        and lifecycles.record_id = person_records.record_id
        and lifecycles.record_type = person_records.record_type
    cross join settings
    where
        lifecycles.lifecycle_status is not null
        and (
            lifecycles.updated_at is null
            or {{ reporting_date('lifecycles.updated_at') }}
            <= settings.as_of_date
        )

),

lifecycle as (

    select
        person_id,
        bool_or(is_mql) as is_mql,
        min(told_on) filter (where is_mql) as mql_on
    from lifecycle_mqls
    group by person_id

),

final as (

    select
        coalesce(crm.person_id, lifecycle.person_id) as person_id,
        coalesce(crm.is_mql, false) or coalesce(lifecycle.is_mql, false) as is_mql,
        least(crm.mql_on, lifecycle.mql_on) as mql_on,
        coalesce(crm.is_handed_back, false) as is_handed_back
    from crm
    full join lifecycle on crm.person_id = lifecycle.person_id

)

select * from final
