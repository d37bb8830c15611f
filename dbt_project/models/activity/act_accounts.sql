-- one row per account, merged ones folded into the winner
with

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

records as (

    select *
    from {{ ref('act_accounts_versions') }}
    where is_current

),

accounts as (

    select
        account_ids.account_id,
        records.record_system,
        records.source_id,
        records.name,
        records.industry,
        records.employees,
        records.type as account_type,
        records.phone_raw,
        records.created_at,
        coalesce(records.is_deleted, false) as is_deleted,
    from account_ids
    inner join records
        on
            account_ids.record_system = records.record_system
            and account_ids.source_account_id = records.account_id
    where
        account_ids.account_id
        = {{ record_key('records.record_system', 'records.account_id') }}

)

select * from accounts
