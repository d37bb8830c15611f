-- one row per telephone number and the person, or account itself, it was noted for
with

numbers as (

    select *
    from {{ ref('act_numbers') }}
    where
        e164 is not null
        and not is_own
        and not is_special

),

person_records as (

    select
        source_id,
        person_id,
        record_system,
        record_type,
        record_id,
        not is_deleted and merged_into_id is null as is_living,
        unnest(numbers_raw) as number_raw,
    from {{ ref('act_person_records') }}

),

addresses as (

    select * from {{ ref('act_person_addresses') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

account_records as (

    select
        account_ids.account_id,
        records.source_id,
        records.phone_raw,
    from {{ ref('act_account_ids') }} as account_ids
    inner join {{ ref('act_accounts_versions') }} as records
        on
            account_ids.record_system = records.record_system
            and account_ids.source_account_id = records.account_id
    where records.is_current

),

record_numbers as (

    select
        numbers.e164,
        person_records.person_id,
        person_records.is_living,
        coalesce(addresses.is_internal, false) as is_internal,
    from person_records
    inner join numbers
        on
            person_records.source_id = numbers.source_id
            and person_records.number_raw = numbers.number_raw
    left join addresses
        on
            person_records.record_system = addresses.record_system
            and person_records.record_type = addresses.record_type
            and person_records.record_id = addresses.record_id

),

people_numbers as (

    select
        e164,
        person_id,
        bool_or(is_living) as is_living,
        coalesce(
            bool_or(is_internal) filter (where is_living), bool_or(is_internal)
        ) as is_internal,
    from record_numbers
    group by e164, person_id

),

noted as (

    select
        people_numbers.e164,
        people_numbers.person_id,
        persons.account_id,
        people_numbers.is_living,
        people_numbers.is_internal,
        persons.is_contact,
    from people_numbers
    inner join persons
        on people_numbers.person_id = persons.person_id
    union all by name
    select distinct
        numbers.e164,
        account_records.account_id,
    from account_records
    inner join numbers
        on
            account_records.source_id = numbers.source_id
            and account_records.phone_raw = numbers.number_raw

)

select * from noted
