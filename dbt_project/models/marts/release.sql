-- one row: the release the reader is looking at
with

settings as (

    select * from {{ ref('act_settings') }}

)

select
    run_id as release_id,
    as_of_date,
    company_name,
    reporting_timezone,
    week_starts_on,
    fiscal_year_start_month,
    show_reps_by,
    default_currency,
    shodan_event,
    decision_expires_after_days,
    rebooking_days,
    account_rule_days,
    maturity_percentile,
    code_version,
    config_hash
from settings
