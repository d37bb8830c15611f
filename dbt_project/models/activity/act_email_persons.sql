-- one row per e-mail address that belongs to a known person
with

person_records as (

    select * from {{ ref('act_person_records') }}

),

addresses as (

    select * from {{ ref('act_person_addresses') }}

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
    group by addresses.email

)

select * from final
