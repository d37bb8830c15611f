-- one row per period, scope and metric: the target in force at the as-of date
with

revisions as (

    select * from {{ ref('act_target_revisions') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

rep_calendar as (

    select * from {{ ref('act_rep_calendar') }}

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

),

-- a person's target grows with his own days, so that nobody falls behind on leave
own_days as (

    {% for period_type in ['week', 'month', 'quarter', 'fiscal_year'] %}
    select
        in_force.period_type,
        in_force.period_start,
        in_force.scope_key,
        in_force.metric,
        {{ ratio(
            'coalesce(sum(rep_calendar.working_day) filter (where dates.is_as_of_or_before), 0)',
            'sum(rep_calendar.working_day)',
        ) }} as elapsed_share
    from in_force
    inner join dates on in_force.period_start = dates.{{ period_type }}_start
    inner join rep_calendar
        on
            dates.date = rep_calendar.date
            and in_force.scope_key = rep_calendar.rep_id
    where
        in_force.scope_type = 'rep'
        and in_force.period_type = '{{ period_type }}'
    group by in_force.period_type, in_force.period_start, in_force.scope_key, in_force.metric
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        in_force.*,
        own_days.elapsed_share
    from in_force
    left join own_days
        on
            in_force.period_type = own_days.period_type
            and in_force.period_start = own_days.period_start
            and case in_force.scope_type when 'rep' then in_force.scope_key end = own_days.scope_key
            and in_force.metric = own_days.metric

)

select * from final
