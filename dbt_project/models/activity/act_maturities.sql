-- one row per thing a cohort waits for (decision, held, win): the last day whose cohort is mature
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

waits as (

    {{ outcome_waits('meetings', 'opportunities') | indent(4) }}

),

known as (

    {{ days_to_maturity('waits') | indent(4) }}

),

kinds as (

    select unnest(['decision', 'held', 'win']) as maturity

),

-- without any outcome so far, a decision falls due by its expiry and nothing else is mature
waited as (

    select
        kinds.maturity,
        cast(coalesce(
            known.days_to_maturity,
            case kinds.maturity when 'decision' then settings.decision_expires_after_days end
        ) as integer) as days_to_maturity
    from kinds
    cross join settings
    left join known on kinds.maturity = known.maturity

),

final as (

    select
        waited.maturity,
        waited.days_to_maturity,
        settings.as_of_date - waited.days_to_maturity as mature_until
    from waited
    cross join settings

)

select * from final
