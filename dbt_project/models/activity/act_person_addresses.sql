-- one row per current person record that has an e-mail address
with

marketing_persons as (

    select * from {{ ref('act_marketing_persons_versions') }}

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

contacts as (

    select * from {{ ref('act_contacts_versions') }}

),

internal_domains as (

    select distinct lower(domain) as domain
    from {{ ref('stg_kura__internal_domains') }}

),

described as (

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

final as (

    select
        described.*,
        internal_domains.domain is not null as is_internal
    from described
    left join internal_domains
        on split_part(described.email, '@', 2) = internal_domains.domain
    where described.email is not null

)

select * from final
