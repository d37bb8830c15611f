-- one row per current lead, contact or marketing person, with the person it is
with

entries as (

    select
        *,
        -- an address many people read names nobody
        coalesce(
            'email:' || case when not {{ is_role_email('email') }} then email end,
            record_key
        ) as bundle,
    from {{ ref('act_person_entries') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

merges as (

    select
        bundle,
        record_system || ':' || record_type || ':' || merged_into_id as other_key,
    from entries
    where merged_into_id is not null

),

absorptions as (

    select
        bundle,
        record_system || ':' || record_type || ':' || unnest(absorbed_ids)
            as other_key,
    from entries

),

conversions as (

    select
        bundle,
        record_system || ':contact:' || converted_contact_id as other_key,
    from entries
    where converted_contact_id is not null

),

-- a marketing system names a CRM record without its account: Salesforce ids are unique
-- everywhere, the id of a mapped CRM only if no other record has it
crm_records as (

    select
        record_type,
        record_id,
        coalesce(
            min(record_key) filter (where not starts_with(record_system, 'mapped:')),
            case when count(*) = 1 then min(record_key) end
        ) as record_key,
    from entries
    where record_type in ('lead', 'contact')
    group by record_type, record_id

),

marketing_links as (

    select
        entries.bundle,
        crm_records.record_key as other_key,
    from entries
    inner join crm_records
        on
            crm_records.record_type = 'lead'
            and entries.crm_lead_id = crm_records.record_id
    where crm_records.record_key is not null
    union all
    select
        entries.bundle,
        crm_records.record_key as other_key,
    from entries
    inner join crm_records
        on
            crm_records.record_type = 'contact'
            and entries.crm_contact_id = crm_records.record_id
    where crm_records.record_key is not null

),

links as (

    select * from merges
    union all
    select * from absorptions
    union all
    select * from conversions
    union all
    select * from marketing_links

),

-- a record that was merged away before the first export is still a bridge
edges as (

    select distinct
        links.bundle as node,
        coalesce(others.bundle, links.other_key) as other,
    from links
    left join entries as others
        on links.other_key = others.record_key
    where links.bundle <> coalesce(others.bundle, links.other_key)

),

components as (

    {{ connected_components('edges') | indent(4) }}

),

grouped as (

    select
        entries.*,
        coalesce(components.component, entries.bundle) as component,
    from entries
    left join components
        on entries.bundle = components.node

),

persons as (

    select
        component,
        md5(
            arg_min(
                record_key,
                {
                    'created_at': coalesce(created_at, timestamp '9999-12-31'),
                    'record_id': record_id,
                    'record_key': record_key
                }
            )
        ) as person_id,
    from grouped
    group by component

),

records as (

    select
        grouped.record_system,
        grouped.record_type,
        grouped.record_id,
        grouped.record_key,
        persons.person_id,
        coalesce(
            account_ids.account_id,
            {{ record_key('grouped.record_system', 'grouped.account_ref_id') }}
        ) as account_id,
        grouped.source_id,
        grouped.numbers_raw,
        grouped.job_title,
        grouped.created_at,
        grouped.is_deleted,
        grouped.merged_into_id,
    from grouped
    inner join persons
        on grouped.component = persons.component
    left join account_ids
        on
            grouped.record_system = account_ids.record_system
            and grouped.account_ref_id = account_ids.source_account_id

)

select * from records
