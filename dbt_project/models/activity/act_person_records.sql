-- one row per current lead, contact or marketing person, with the person it is
with

-- read five times, each time only the columns asked for
entries as not materialized (

    select * from {{ ref('act_person_entries') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

-- a marketing system names a CRM record without its account: Salesforce ids are unique
-- everywhere, the id of another CRM only if no other record has it
crm_records as (

    select
        record_type,
        record_id,
        coalesce(
            min(record_key) filter (where starts_with(record_system, 'salesforce')),
            case when count(*) = 1 then min(record_key) end
        ) as record_key,
    from entries
    where record_type in ('lead', 'contact')
    group by record_type, record_id

),

crm_ids as (

    select
        entries.record_key,
        crm_records.record_key as other_key,
    from entries
    inner join crm_records
        on
            crm_records.record_type = 'lead'
            and entries.crm_lead_id = crm_records.record_id
    where crm_records.record_key is not null
    union all
    select
        entries.record_key,
        crm_records.record_key as other_key,
    from entries
    inner join crm_records
        on
            crm_records.record_type = 'contact'
            and entries.crm_contact_id = crm_records.record_id
    where crm_records.record_key is not null
    union all
    -- a portal that is marketing system and CRM has one record of both
    select
        entries.record_key,
        contacts.record_key as other_key,
    from entries
    inner join entries as contacts
        on
            entries.record_system = contacts.record_system
            and contacts.record_type = 'contact'
            and entries.own_contact_id = contacts.record_id

),

placed as (

    select
        record_key,
        min(other_key) as other_key,
    from crm_ids
    group by record_key

),

-- the CRM id goes before the address (formats 6.3.3); an address many people read names nobody
bundles as (

    select
        entries.*,
        case
            when
                placed.record_key is null
                and not {{ is_role_email('entries.email') }}
                then 'email:' || entries.email
        end as address,
        coalesce(address, entries.record_key) as bundle,
        placed.other_key as crm_key,
    from entries
    left join placed
        on entries.record_key = placed.record_key

),

merges as (

    select
        bundle,
        record_system || ':' || record_type || ':' || merged_into_id as other_key,
    from bundles
    where merged_into_id is not null

),

absorptions as (

    select
        bundle,
        record_system || ':' || record_type || ':' || unnest(absorbed_ids)
            as other_key,
    from bundles

),

conversions as (

    select
        bundle,
        record_system || ':contact:' || converted_contact_id as other_key,
    from bundles
    where converted_contact_id is not null

),

crm_links as (

    select
        bundles.bundle,
        crm_ids.other_key,
    from bundles
    inner join crm_ids
        on bundles.record_key = crm_ids.record_key

),

-- an address no CRM record has follows the marketing records a CRM id has placed, if to one record
address_links as (

    select
        'email:' || email as bundle,
        min(crm_key) as other_key,
    from bundles
    where not {{ is_role_email('email') }}
    group by email
    having
        bool_and(record_type = 'ma_person')
        and min(crm_key) = max(crm_key)
        and count(address) > 0

),

links as (

    select * from merges
    union all
    select * from absorptions
    union all
    select * from conversions
    union all
    select * from crm_links
    union all
    select * from address_links

),

-- a record that was merged away before the first export is still a bridge; numbers of 128 bits stand
-- for the long keys while the walk compares them over and over
edges as (

    select distinct
        md5_number(links.bundle) as node,
        md5_number(coalesce(others.bundle, links.other_key)) as other,
    from links
    left join bundles as others
        on links.other_key = others.record_key
    where links.bundle <> coalesce(others.bundle, links.other_key)

),

components as (

    {{ connected_components('edges') | indent(4) }}

),

grouped as (

    select
        bundles.*,
        coalesce(components.component, bundles.node) as component,
    from (
        select
            *,
            md5_number(bundle) as node
        from bundles
    ) as bundles
    left join components
        on bundles.node = components.node

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
