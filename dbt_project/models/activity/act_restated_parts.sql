-- one row per period, scope, metric and cause: by how much things moved the figure
with

changes as (

    select * from {{ ref('act_restated_changes') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

{{ period_and_scope_types() }},

placed as (

    select
        changes.metric,
        changes.cause,
        period_types.period_type,
        scope_types.scope_type,
        {% for side in ['old', 'new'] %}
        {{ start_by_period_type(side ~ '_dates') | indent(8) }} as {{ side }}_period,
        case
            when changes.{{ side }}_date is not null
                then {{ key_by_scope_type('changes.' ~ side ~ '_') | indent(16) }}
        end as {{ side }}_key,
        changes.{{ side }}_numerator,
        changes.{{ side }}_denominator,
        changes.{{ side }}_things,
        {% endfor %}
        changes.changed_things
    from changes
    cross join period_types
    cross join scope_types
    left join dates as old_dates on changes.old_date = old_dates.date
    left join dates as new_dates on changes.new_date = new_dates.date

),

-- what stayed in one period and scope is one thing there, and counts only if its amount is another
parts as (

    select
        metric,
        cause,
        period_type,
        new_period as period_start,
        scope_type,
        new_key as scope_key,
        new_numerator - old_numerator as numerator_part,
        new_denominator - old_denominator as denominator_part,
        changed_things as things
    from placed
    where old_period = new_period and old_key = new_key

    union all

    select
        metric,
        cause,
        period_type,
        old_period as period_start,
        scope_type,
        old_key as scope_key,
        -old_numerator as numerator_part,
        -old_denominator as denominator_part,
        old_things as things
    from placed
    where old_key is not null and (old_period is distinct from new_period or old_key is distinct from new_key)

    union all

    select
        metric,
        cause,
        period_type,
        new_period as period_start,
        scope_type,
        new_key as scope_key,
        new_numerator as numerator_part,
        new_denominator as denominator_part,
        new_things as things
    from placed
    where new_key is not null and (old_period is distinct from new_period or old_key is distinct from new_key)

)

select
    period_type,
    period_start,
    scope_type,
    scope_key,
    metric,
    cause,
    sum(numerator_part) as numerator_part,
    sum(denominator_part) as denominator_part,
    cast(sum(things) as bigint) as things
from parts
group by all
having sum(numerator_part) <> 0 or sum(denominator_part) <> 0
