-- one row per e-mail address that belongs to a known person
with

person_records as (

    select * from {{ ref('act_person_records') }}

),

marketing_persons as (

    select * from {{ ref('act_marketing_persons_versions') }}

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

contacts as (

    select * from {{ ref('act_contacts_versions') }}

),

addresses as (

    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        {{ normalise_email('email_raw') }} as email
    from marketing_persons
    where is_current

    union all

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        {{ normalise_email('email_raw') }} as email
    from leads
    where is_current

    union all

    select
        record_system,
        'contact' as record_type,
        contact_id as record_id,
        {{ normalise_email('email_raw') }} as email
    from contacts
    where is_current

),

-- a role address may stand on several persons: the marketing record, then the earliest
final as (

    select
        addresses.email,
        arg_min(
            person_records.person_id,
            {
                'preference': case person_records.record_type when 'ma_person' then 1 else 2 end,
                'created_at': coalesce(person_records.created_at, timestamp '9999-12-31'),
                'record_id': person_records.record_id
            }
        ) as person_id
    from addresses
    inner join person_records
        on addresses.record_system = person_records.record_system
        and addresses.record_type = person_records.record_type
        and addresses.record_id = person_records.record_id
    where addresses.email is not null
    group by addresses.email

)

select * from final
