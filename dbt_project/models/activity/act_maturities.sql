-- one row per thing a cohort waits for: from which age on it is mature, and the last day that is
with

settings as (

    select * from {{ ref('act_settings') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

leads as (

    select * from {{ ref('fct_leads') }}

),

waits as (

    {{ outcome_waits() }}

),

found as (

    {{ days_to_maturity('waits') }}

),

named as (

    select unnest(['none', 'decision', 'held', 'win', 'lead']) as maturity

),

-- Without any outcome so far, a decision falls due by its expiry and nothing else is mature.
aged as (

    select
        named.maturity,
        cast(
            case named.maturity
                when 'none' then 0
                when 'decision'
                    then coalesce(found.days_to_maturity, settings.decision_expires_after_days)
                else found.days_to_maturity
            end as bigint
        ) as days_to_maturity,
        settings.as_of_date
    from named
    cross join settings
    left join found on named.maturity = found.maturity

)

select
    maturity,
    days_to_maturity,
    cast(as_of_date - cast(days_to_maturity as integer) as date) as last_mature_on
from aged
