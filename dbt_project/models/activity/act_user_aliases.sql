-- one row per second id of a CRM user: what "created by" says where owners have ids of their own
with

users as (

    select *
    from {{ ref('act_users_versions') }}
    where
        is_current
        and alt_user_id is not null

),

-- who came back may be two owners: the one that works now speaks
aliases as (

    select
        record_system,
        alt_user_id,
        arg_max(
            user_id,
            {
                'is_active': coalesce(is_active, true),
                'valid_at': valid_at,
                'user_id': user_id
            }
        ) as user_id,
    from users
    group by record_system, alt_user_id

)

select * from aliases
