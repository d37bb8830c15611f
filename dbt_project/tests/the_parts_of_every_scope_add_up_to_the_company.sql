-- one row per period, scope type and additive measure whose parts are not the company's total
with

facts as (

    select * from {{ ref('act_metric_facts') }}

),

totals as (

    select period_type, period_start, measure, value
    from facts
    where scope_type = 'company'

),

parts as (

    select
        period_type,
        period_start,
        scope_type,
        measure,
        sum(value) as value
    from facts
    where scope_type != 'company' and measure != 'leads_worked'
    group by period_type, period_start, scope_type, measure

)

select
    parts.*,
    totals.value as company_value
from parts
left join totals
    on
        parts.period_type = totals.period_type
        and parts.period_start = totals.period_start
        and parts.measure = totals.measure
where abs(parts.value - coalesce(totals.value, 0)) > 0.01
