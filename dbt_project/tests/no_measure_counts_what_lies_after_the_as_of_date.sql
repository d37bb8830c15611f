-- one row per date after the as-of date that any figure counts
select days.date
from {{ ref('act_metric_days') }} as days
cross join {{ ref('act_settings') }} as settings
where days.date > settings.as_of_date
