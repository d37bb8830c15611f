-- one row per day on which target lists are looked at, list and account that is on it that day
with

days as (

    select distinct as_of_on
    from {{ ref('act_coverage_windows') }}

),

target_accounts as (

    select * from {{ ref('act_target_accounts') }}

),

-- an account put on a list twice, or under two ids of one account, is on it once
members as (

    select
        days.as_of_on,
        target_accounts.list_name,
        target_accounts.account_id,
        bool_or(target_accounts.is_known) as is_known,
    from target_accounts
    inner join days
        on days.as_of_on between target_accounts.valid_from and target_accounts.valid_to
    group by days.as_of_on, target_accounts.list_name, target_accounts.account_id

)

select * from members
