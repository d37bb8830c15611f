-- one row per lead, contact or marketing record known by the as-of date, and whether it still counts
with recursive

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

-- only a company without any CRM source counts marketing contacts as its leads
crm_presence as (

    select count(*) filter (where list_contains(source_classes, 'sfa')) > 0 as has_crm
    from sources

),

-- a merged record lives on in the record it was merged into, however many merges later
successors as (

    select
        record_system,
        record_type,
        record_id,
        merged_into_id as successor_id
    from person_records
    where merged_into_id is not null

    union

    select
        successors.record_system,
        successors.record_type,
        successors.record_id,
        person_records.merged_into_id as successor_id
    from successors
    inner join person_records
        on successors.record_system = person_records.record_system
        and successors.record_type = person_records.record_type
        and successors.successor_id = person_records.record_id
    where person_records.merged_into_id is not null

),

gone_with_their_successor as (

    select distinct
        successors.record_system,
        successors.record_type,
        successors.record_id
    from successors
    inner join person_records
        on successors.record_system = person_records.record_system
        and successors.record_type = person_records.record_type
        and successors.successor_id = person_records.record_id
    where
        person_records.is_deleted
        and person_records.merged_into_id is null

),

known as (

    select
        person_records.person_id,
        person_records.record_system,
        person_records.record_type,
        person_records.record_id,
        person_records.created_at,
        {{ reporting_date('person_records.created_at') }}
            as created_on,
        gone_with_their_successor.record_id is not null
        or (
            coalesce(person_records.is_deleted, false)
            and person_records.merged_into_id is null
        ) as is_gone,
        person_records.record_type = 'lead'
        or (person_records.record_type = 'ma_person' and not crm_presence.has_crm)
            as is_lead_record
    from person_records
    cross join settings
    cross join crm_presence
    left join gone_with_their_successor
        on person_records.record_system = gone_with_their_successor.record_system
        and person_records.record_type = gone_with_their_successor.record_type
        and person_records.record_id = gone_with_their_successor.record_id
    where coalesce(
        {{ reporting_date('person_records.created_at') }}
        <= settings.as_of_date,
        true
    )

),

final as (

    select
        *,
        is_lead_record and not is_gone as is_cohort_record
    from known

)

select * from final
