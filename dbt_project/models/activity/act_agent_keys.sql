-- one row per key by which a telephone system names a rep: kind, source (or *) and key
with

reps as (

    select * from {{ ref('act_reps') }}

),

user_map as (

    select * from {{ ref('stg_kura__user_map') }}

),

rep_emails as (

    select distinct
        email,
        rep_id,
    from reps
    where email is not null

),

keys as (

    select
        'email' as key_kind,
        '*' as source_id,
        email as key_value,
        rep_id,
    from rep_emails
    union all
    select
        'user_key' as key_kind,
        user_map.source_id,
        {{ match_key('user_map.user_key') }} as key_value,
        rep_emails.rep_id,
    from user_map
    inner join rep_emails
        on lower(user_map.email) = rep_emails.email
    union all
    select
        'user_key' as key_kind,
        '*' as source_id,
        {{ match_key('cti_user_key') }} as key_value,
        rep_id,
    from reps
    union all
    select
        'name' as key_kind,
        '*' as source_id,
        {{ match_key('rep_name') }} as key_value,
        rep_id,
    from reps

),

-- a key two people share names nobody
unambiguous as (

    select
        key_kind,
        source_id,
        key_value,
        min(rep_id) as rep_id,
    from keys
    where key_value is not null
    group by key_kind, source_id, key_value
    having count(distinct rep_id) = 1

)

select * from unambiguous
