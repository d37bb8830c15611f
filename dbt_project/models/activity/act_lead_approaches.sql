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
        rep_id,
        team,
        business_unit,
        motion,
        manager_rep_id,
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
        rep_id,
        team,
        business_unit,
        motion,
        manager_rep_id,
        false as is_connect
    from emails
    where person_id is not null

),

worked as (

    select
        person_id,
        min(approached_on) as worked_on,
        min(approached_on) filter (where is_connect) as connected_on,
        -- nobody's approach has no motion
        arg_min(
            {
                'rep_id': rep_id,
                'team': team,
                'business_unit': business_unit,
                'motion': motion,
                'manager_rep_id': manager_rep_id
            },
            { 'at': approached_at, 'id': approach_id }
        ) filter (where motion is not null and motion != '(unassigned)') as first_rep
    from approaches
    group by person_id

),

final as (

    select
        person_id,
        worked_on,
        connected_on,
        first_rep.rep_id,
        first_rep.team,
        first_rep.business_unit,
        first_rep.motion,
        first_rep.manager_rep_id
    from worked

)

select * from final
