-- one row per share on the scorecard that is none; conversions compare different events and may exceed 1
select scorecard.*
from {{ ref('kpi_scorecard') }} as scorecard
inner join {{ ref('dim_metrics') }} as metrics on scorecard.metric = metrics.metric
where
    metrics.unit = 'ratio'
    and metrics.metric not like 'meeting_conversion_rate%'
    and scorecard.value not between 0 and 1
