-- one row: the run and the settings it was made under
with

runs as (

    select * from {{ ref('stg_kura__run') }}

),

settings as (

    select * from {{ ref('stg_kura__settings') }}

),

weeks as (

    select {{ sampled_weeks() }} as week

),

shifts as (

    select distinct
        settings.reporting_timezone,
        {{ local_at('weeks.week', 'settings.reporting_timezone', is_column=true) }}
        - weeks.week as shift
    from settings
    cross join weeks

),

-- a zone whose clocks change keeps no offset
offsets as (

    select
        reporting_timezone,
        min(shift) as reporting_offset
    from shifts
    group by reporting_timezone
    having count(*) = 1

)

select
    runs.as_of_date,
    runs.run_id,
    runs.code_version,
    runs.config_hash,
    settings.company_name,
    settings.reporting_timezone,
    offsets.reporting_offset,
    settings.week_starts_on,
    settings.fiscal_year_start_month,
    settings.show_reps_by,
    settings.default_currency,
    settings.shodan_event,
    settings.decision_expires_after_days,
    settings.rebooking_days,
    settings.account_rule_days,
    settings.coverage_days,
    settings.maturity_percentile,
    settings.score_bands,
    settings.max_quarantine_share,
    settings.max_quarantine_rows,
    settings.plan_trailing_days,
    settings.plan_forecast_days,
    settings.plan_action_days,
    -- No event may lie before this day (the plausible window of the staging rules).
    cast('2000-01-01' as date) as calendar_starts_on
from runs
cross join settings
left join offsets on settings.reporting_timezone = offsets.reporting_timezone
