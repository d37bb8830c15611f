-- one row per telephone number, with the one person or account it leads to
with

noted as (

    select * from {{ ref('act_person_numbers') }}

),

counted as (

    select
        e164,
        count(person_id) as persons,
        min(person_id) as person_id,
        min(account_id) filter (where person_id is not null) as persons_account_id,
        count(distinct account_id) filter (where person_id is not null)
            as persons_accounts,
        count(*) filter (where person_id is not null and account_id is null)
            as persons_without_account,
        count(*) filter (where person_id is null) as accounts,
        min(account_id) filter (where person_id is null) as own_account_id,
    from noted
    group by e164

),

matches as (

    select
        e164,
        case
            when accounts = 1 then 'account'
            when persons = 1 and accounts = 0 then 'person'
            when persons_accounts = 1 and persons_without_account = 0 then 'account'
            else 'none'
        end as match_level,
        case when persons = 1 and accounts = 0 then person_id end as person_id,
        -- a company's main number is the company's, whoever else noted it
        case
            when accounts = 1 then own_account_id
            when persons = 1 and accounts = 0 then persons_account_id
            when persons_accounts = 1 and persons_without_account = 0
                then persons_account_id
        end as account_id,
    from counted

)

select * from matches
