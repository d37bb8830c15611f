-- one row per telephone number, with the one person or account it leads to
with

noted as (

    select * from {{ ref('act_person_numbers') }}

),

-- what was deleted or merged away shares no number with the living
living as (

    select *
    from noted
    qualify
        person_id is null
        or is_living
        or not bool_or(coalesce(is_living, false)) over (partition by e164)

),

-- where contacts have it, they say whose account it is: a contact goes before a lead
ranked as (

    select
        *,
        person_id is not null
        and (
            coalesce(is_contact, false)
            or not bool_or(coalesce(is_contact, false)) over (partition by e164)
        ) as is_speaking,
    from living

),

counted as (

    select
        e164,
        count(person_id) as persons,
        min(person_id) as person_id,
        min(account_id) filter (where is_speaking) as persons_account_id,
        count(distinct account_id) filter (where is_speaking) as persons_accounts,
        count(*) filter (where is_speaking and account_id is null)
            as persons_without_account,
        count(*) filter (where person_id is null) as accounts,
        min(account_id) filter (where person_id is null) as own_account_id,
        coalesce(bool_and(is_internal) filter (where person_id is not null), false)
            as are_all_internal,
        count(distinct account_id) = 1 and count(account_id) = count(*)
            as is_all_of_one_account,
    from ranked
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
        are_all_internal and (accounts = 0 or is_all_of_one_account) as is_internal,
    from counted

)

select * from matches
