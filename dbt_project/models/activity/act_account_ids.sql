-- one row per account id ever seen in a system, with the account it stands for after merges
with

accounts as (

    select
        *,
        record_system || ':' || account_id as node,
    from {{ ref('act_accounts_versions') }}
    where is_current

),

edges as (

    select
        node,
        record_system || ':' || merged_into_id as other,
    from accounts
    where
        merged_into_id is not null
        and merged_into_id <> account_id

),

components as (

    {{ connected_components('edges') | indent(4) }}

),

-- the winner is the one record nobody merged away; a missing winner leaves the oldest
members as (

    select
        accounts.record_system,
        accounts.account_id,
        coalesce(components.component, accounts.node) as component,
        accounts.merged_into_id is not null as is_loser,
        accounts.created_at,
    from accounts
    left join components
        on accounts.node = components.node

),

winners as (

    select
        component,
        arg_min(
            account_id,
            {
                'is_loser': is_loser,
                'created_at': coalesce(created_at, timestamp '9999-12-31'),
                'account_id': account_id
            }
        ) as account_id,
    from members
    group by component

),

-- ids that only a merge names are kept, because old facts still carry them
ids as (

    select
        record_system,
        account_id as source_account_id,
    from accounts
    union
    select
        record_system,
        merged_into_id as source_account_id,
    from accounts
    where merged_into_id is not null

),

mapped_ids as (

    select
        ids.record_system,
        ids.source_account_id,
        {{ record_key('ids.record_system', 'winners.account_id') }} as account_id,
    from ids
    left join components
        on ids.record_system || ':' || ids.source_account_id = components.node
    inner join winners
        on
            coalesce(
                components.component, ids.record_system || ':' || ids.source_account_id
            )
            = winners.component

)

select * from mapped_ids
