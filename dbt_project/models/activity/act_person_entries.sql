-- one row per current lead, contact or marketing person of any system
with

settings as (

    select * from {{ ref('act_settings') }}

),

leads as (

    select *
    from {{ ref('act_leads_versions') }}
    where is_current

),

contacts as (

    select *
    from {{ ref('act_contacts_versions') }}
    where is_current

),

marketing_persons as (

    select *
    from {{ ref('act_marketing_persons_versions') }}
    where is_current

),

entries as (

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        source_id,
        email_norm as email,
        [phone_raw, mobile_phone_raw] as numbers_raw,
        job_title,
        converted_account_id as account_ref_id,
        converted_contact_id,
        cast(null as varchar) as crm_lead_id,
        cast(null as varchar) as crm_contact_id,
        cast(null as varchar) as own_contact_id,
        merged_into_id,
        cast(null as varchar[]) as absorbed_ids,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
    from leads
    union all
    select
        record_system,
        'contact' as record_type,
        contact_id as record_id,
        source_id,
        email_norm as email,
        list_concat([phone_raw, mobile_phone_raw], other_phones_raw) as numbers_raw,
        job_title,
        account_id as account_ref_id,
        cast(null as varchar) as converted_contact_id,
        cast(null as varchar) as crm_lead_id,
        cast(null as varchar) as crm_contact_id,
        cast(null as varchar) as own_contact_id,
        merged_into_id,
        cast(null as varchar[]) as absorbed_ids,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
    from contacts
    union all
    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        source_id,
        email_norm as email,
        [phone_raw, mobile_phone_raw] as numbers_raw,
        job_title,
        cast(null as varchar) as account_ref_id,
        cast(null as varchar) as converted_contact_id,
        crm_lead_id,
        crm_contact_id,
        own_contact_id,
        cast(null as varchar) as merged_into_id,
        -- here it is the winner of a merge that lists whom it absorbed
        merged_ids as absorbed_ids,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
    from marketing_persons

),

keyed as (

    select
        record_system || ':' || record_type || ':' || record_id as record_key,
        record_system,
        record_type,
        record_id,
        source_id,
        email,
        numbers_raw,
        job_title,
        account_ref_id,
        converted_contact_id,
        crm_lead_id,
        crm_contact_id,
        own_contact_id,
        merged_into_id,
        absorbed_ids,
        created_at,
        is_deleted,
    from entries
    cross join settings
    -- who is noted after the as-of date is not known yet
    where
        coalesce(
            {{ reporting_date('entries.created_at', 'settings.reporting_timezone') }}
            <= settings.as_of_date,
            true
        )

)

select * from keyed
