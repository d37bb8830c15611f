-- one row per lead or contact record that a CRM activity may point at
with

person_records as (

    select * from {{ ref('act_person_records') }}

),

addresses as (

    select * from {{ ref('act_person_addresses') }}

),

settings as (

    select * from {{ ref('act_settings') }}

),

described as (

    select
        person_records.record_system,
        person_records.record_id,
        person_records.record_type,
        person_records.person_id,
        coalesce(addresses.is_internal, false) as is_internal,
        bool_or(person_records.record_type = 'lead') over (
            partition by person_records.record_system, person_records.record_id
        ) as is_lead
    from person_records
    left join addresses
        on person_records.record_system = addresses.record_system
        and person_records.record_type = addresses.record_type
        and person_records.record_id = addresses.record_id
    cross join settings
    where
        person_records.record_type in ('lead', 'contact')
        and coalesce(
            {{ reporting_date('person_records.created_at', 'settings.reporting_timezone') }}
            <= settings.as_of_date,
            true
        )

),

-- the ids of a mapped source may name a lead and a contact alike: the contact wins
final as (

    select *
    from described
    qualify
        row_number() over (
            partition by record_system, record_id order by record_type
        ) = 1

)

select * from final
