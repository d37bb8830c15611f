-- one row: the run and the settings it was made under
with

runs as (

    select * from {{ ref('stg_kura__run') }}

),

settings as (

    select * from {{ ref('stg_kura__settings') }}

)

select
    runs.as_of_date,
    runs.run_id,
    runs.code_version,
    runs.config_hash,
    settings.company_name,
    settings.reporting_timezone,
    settings.week_starts_on,
    settings.fiscal_year_start_month,
    settings.show_reps_by,
    settings.default_currency,
    settings.shodan_event,
    settings.decision_expires_after_days,
    settings.rebooking_days,
    settings.account_rule_days,
    settings.maturity_percentile,
    settings.max_quarantine_share,
    settings.max_quarantine_rows,
    -- No event may lie before this day (the plausible window of the staging rules).
    cast('2000-01-01' as date) as calendar_starts_on
from runs
cross join settings
