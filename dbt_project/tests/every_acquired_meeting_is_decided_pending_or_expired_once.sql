-- one row per date and rep whose four decisions are not the meetings acquired
select
    date,
    rep_id,
    sum(meetings_acquired_of_cohort) as meetings_acquired_of_cohort,
    sum(accepted + rejected + pending + expired) as decisions
from {{ ref('act_metric_days') }}
group by date, rep_id
having sum(meetings_acquired_of_cohort) != sum(accepted + rejected + pending + expired)
