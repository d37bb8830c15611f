-- one row per account, merged ones folded into the winner
with

accounts as (

    select * from {{ ref('act_accounts') }}

),

target_accounts as (

    select * from {{ ref('act_target_accounts') }}
    where is_current

),

targets as (

    select
        account_id,
        count(distinct list_name) as target_lists,
    from target_accounts
    group by account_id

),

dimension as (

    select
        accounts.account_id,
        accounts.source_id,
        accounts.industry,
        accounts.account_type,
        accounts.employees,
        targets.account_id is not null as is_target,
        coalesce(targets.target_lists, 0) as target_lists,
        accounts.is_deleted,
    from accounts
    left join targets
        on accounts.account_id = targets.account_id

)

select * from dimension
