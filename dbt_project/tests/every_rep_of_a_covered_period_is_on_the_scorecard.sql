-- one row per roster rep and month without dials on the scorecard, or with null on covered days
with

rep_months as (

    select distinct
        rep_days.rep_id,
        dates.month_start
    from {{ ref('act_rep_days') }} as rep_days
    inner join {{ ref('act_dates') }} as dates on rep_days.date = dates.date
    cross join {{ ref('act_settings') }} as settings
    where rep_days.date <= settings.as_of_date

),

known_months as (

    select distinct period_start
    from {{ ref('kpi_scorecard') }}
    where period_type = 'month'

)

select rep_months.*
from rep_months
inner join known_months on rep_months.month_start = known_months.period_start
left join {{ ref('kpi_scorecard') }} as scorecard
    on
        scorecard.period_type = 'month'
        and rep_months.month_start = scorecard.period_start
        and scorecard.scope_type = 'rep'
        and rep_months.rep_id = scorecard.scope_key
        and scorecard.metric = 'dials'
where
    scorecard.metric is null
    or (scorecard.covered_days > 0 and scorecard.value is null)
