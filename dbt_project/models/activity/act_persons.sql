-- one row per person
with

records as (

    select * from {{ ref('act_person_records') }}

),

titles as (

    select * from {{ ref('act_titles') }}

),

person_accounts as (

    select
        person_id,
        arg_min(
            account_id,
            {
                'is_deleted': is_deleted,
                'is_no_contact': record_type <> 'contact',
                'created_at': coalesce(created_at, timestamp '9999-12-31'),
                'record_id': record_id
            }
        ) as account_id,
    from records
    where account_id is not null
    group by person_id

),

person_titles as (

    select
        records.person_id,
        arg_min(
            titles.is_key_person,
            {
                'is_deleted': records.is_deleted,
                'is_no_contact': records.record_type <> 'contact',
                'created_at': coalesce(records.created_at, timestamp '9999-12-31'),
                'record_id': records.record_id
            }
        ) as is_key_person,
    from records
    inner join titles
        on records.job_title = titles.job_title
    group by records.person_id

),

persons as (

    select
        records.person_id,
        count(*) as records,
        min(person_accounts.account_id) as account_id,
        bool_or(person_titles.is_key_person) as is_key_person,
        bool_or(
            records.record_type = 'contact'
            and not records.is_deleted
            and records.merged_into_id is null
        ) as is_contact,
    from records
    left join person_accounts
        on records.person_id = person_accounts.person_id
    left join person_titles
        on records.person_id = person_titles.person_id
    group by records.person_id

)

select * from persons
