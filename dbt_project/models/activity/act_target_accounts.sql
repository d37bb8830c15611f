-- one row per target list, account and day it was put on the list
with

settings as (

    select * from {{ ref('act_settings') }}

),

-- people write the CRM's id, or copy the published one, which says the system, too
written_ids as (

    select
        source_account_id as written_id,
        account_id,
    from {{ ref('act_account_ids') }}

    union all

    select
        {{ record_key('record_system', 'source_account_id') }} as written_id,
        account_id,
    from {{ ref('act_account_ids') }}

),

account_ids as (

    select
        written_id,
        min(account_id) as account_id,
    from written_ids
    group by written_id

),

deliveries as (

    select *
    from {{ ref('stg_planning__target_accounts') }}
    where reject_reason is null

),

listed as (

    select
        deliveries.list_name,
        coalesce(account_ids.account_id, deliveries.account_id) as account_id,
        bool_or(account_ids.account_id is not null) as is_known,
        coalesce(deliveries.valid_from, date '1900-01-01') as valid_from,
        max(coalesce(deliveries.valid_to, date '9999-12-31')) as valid_to,
    from deliveries
    left join account_ids
        on deliveries.account_id = account_ids.written_id
    group by
        deliveries.list_name,
        coalesce(account_ids.account_id, deliveries.account_id),
        coalesce(deliveries.valid_from, date '1900-01-01')

),

current_lists as (

    select
        listed.*,
        settings.as_of_date between listed.valid_from and listed.valid_to as is_current,
    from listed
    cross join settings

)

select * from current_lists
