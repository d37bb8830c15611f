-- one row per thing a cohort waits for: from which age on it is mature, or settled, and the last day that is
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

found_settled as (

    {{ days_to_maturity('waits', settled_share()) }}

),

named as (

    select unnest(['none', 'decision', 'held', 'win', 'lead']) as maturity

),

-- Without any outcome so far, a decision falls due by its expiry and nothing else is mature.
aged as (

    select
        named.maturity,
        {% for source, name in {'found': 'days_to_maturity', 'found_settled': 'days_to_settled'}.items() %}
        cast(
            case named.maturity
                when 'none' then 0
                when 'decision'
                    then coalesce({{ source }}.days_to_maturity, settings.decision_expires_after_days)
                else {{ source }}.days_to_maturity
            end as bigint
        ) as {{ name }},
        {% endfor %}
        settings.as_of_date
    from named
    cross join settings
    left join found on named.maturity = found.maturity
    left join found_settled on named.maturity = found_settled.maturity

)

select
    maturity,
    days_to_maturity,
    days_to_settled,
    cast(as_of_date - cast(days_to_maturity as integer) as date) as last_mature_on,
    cast(as_of_date - cast(days_to_settled as integer) as date) as last_settled_on
from aged
