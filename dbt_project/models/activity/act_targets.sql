-- one row per period, scope and metric: the target in force at the as-of date
with

revisions as (

    select * from {{ ref('act_target_revisions') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

-- only periods the calendar knows
in_force as (

    select
        revisions.period_type,
        revisions.period_start,
        revisions.scope_type,
        revisions.scope_key,
        revisions.metric,
        revisions.target,
        revisions.owner,
        revisions.due_date,
        revisions.valid_from
    from revisions
    inner join dates on revisions.period_start = dates.date
    where revisions.is_in_force

)

select * from in_force
