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
        {% for side in ['was', 'now'] %}
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
    left join dates as was_dates on changes.was_date = was_dates.date
    left join dates as now_dates on changes.now_date = now_dates.date

),

-- what stayed in one period and scope is one thing there, and counts only if its amount is another
parts as (

    select
        metric,
        cause,
        period_type,
        now_period as period_start,
        scope_type,
        now_key as scope_key,
        now_numerator - was_numerator as numerator_part,
        now_denominator - was_denominator as denominator_part,
        changed_things as things
    from placed
    where was_period = now_period and was_key = now_key

    union all

    select
        metric,
        cause,
        period_type,
        was_period as period_start,
        scope_type,
        was_key as scope_key,
        -was_numerator as numerator_part,
        -was_denominator as denominator_part,
        was_things as things
    from placed
    where was_key is not null and (was_period is distinct from now_period or was_key is distinct from now_key)

    union all

    select
        metric,
        cause,
        period_type,
        now_period as period_start,
        scope_type,
        now_key as scope_key,
        now_numerator as numerator_part,
        now_denominator as denominator_part,
        now_things as things
    from placed
    where now_key is not null and (was_period is distinct from now_period or was_key is distinct from now_key)

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
