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
        unnest(numbers_raw) as number_raw,
    from {{ ref('act_person_records') }}

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

noted as (

    select
        numbers.e164,
        persons.person_id,
        persons.account_id,
    from person_records
    inner join numbers
        on
            person_records.source_id = numbers.source_id
            and person_records.number_raw = numbers.number_raw
    inner join persons
        on person_records.person_id = persons.person_id
    union
    select
        numbers.e164,
        cast(null as varchar) as person_id,
        account_records.account_id,
    from account_records
    inner join numbers
        on
            account_records.source_id = numbers.source_id
            and account_records.phone_raw = numbers.number_raw

)

select * from noted
