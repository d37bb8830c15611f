-- one row per person a rep dialled or wrote to by the as-of date
with

calls as (

    select * from {{ ref('act_calls') }}

),

emails as (

    select * from {{ ref('act_emails') }}

),

approaches as (

    select
        person_id,
        called_on as approached_on,
        started_at as approached_at,
        call_id as approach_id,
        motion,
        is_connect
    from calls
    where
        is_dial
        and person_id is not null

    union all

    select
        person_id,
        sent_on as approached_on,
        sent_at as approached_at,
        email_id as approach_id,
        motion,
        false as is_connect
    from emails
    where person_id is not null

),

final as (

    select
        person_id,
        min(approached_on) as worked_on,
        min(approached_on) filter (where is_connect) as connected_on,
        arg_min(
            motion, { 'at': approached_at, 'id': approach_id }
        ) filter (where motion is not null and motion != '(unassigned)') as motion
    from approaches
    group by person_id

)

select * from final
