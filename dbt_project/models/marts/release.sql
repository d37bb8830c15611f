-- one row: the release the reader is looking at
with

settings as (

    select * from {{ ref('act_settings') }}

),

previous_releases as (

    select * from {{ ref('act_previous_release') }}

)

select
    settings.run_id as release_id,
    settings.as_of_date,
    previous_releases.release_id as previous_release_id,
    previous_releases.as_of_date as previous_as_of_date,
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
    settings.code_version,
    settings.config_hash
from settings
left join previous_releases on true
