-- one row per CRM user key that belongs to a rep of the roster
with

reps as (

    select * from {{ ref('act_reps') }}

),

users as (

    select * from {{ ref('act_users_versions') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

crm_accounts as (

    select distinct {{ record_system('sources') }} as record_system
    from sources
    where list_contains(sources.source_classes, 'sfa')

),

roster_keys as (

    select
        rep_id,
        crm_user_id as user_id,
        1 as preference
    from reps
    where crm_user_id is not null

    union all

    -- a mapped source may name people by their address instead of an id
    select
        rep_id,
        {{ normalise_email('email') }} as user_id,
        3 as preference
    from reps
    where email is not null

),

candidates as (

    select
        crm_accounts.record_system,
        roster_keys.user_id,
        roster_keys.rep_id,
        roster_keys.preference
    from crm_accounts
    cross join roster_keys

    union all

    select
        users.record_system,
        users.user_id,
        reps.rep_id,
        2 as preference
    from users
    inner join reps
        on {{ normalise_email('users.email') }} = {{ normalise_email('reps.email') }}
    where users.is_current

),

final as (

    select
        record_system,
        user_id,
        arg_min(rep_id, { 'preference': preference, 'rep_id': rep_id }) as rep_id
    from candidates
    where user_id is not null
    group by record_system, user_id

)

select * from final
