-- one row per month, channel and campaign (or none) that planning names a cost for
with

settings as (

    select * from {{ ref('act_settings') }}

),

costs as (

    select * from {{ ref('stg_planning__costs') }}
    where reject_reason is null

),

rates as (

    select * from {{ ref('act_currency_rates') }}

),

-- a cost stated again in a later file replaces the earlier statement
latest as (

    select
        cast(date_trunc('month', costs.month) as date) as month,
        costs.channel,
        nullif(trim(costs.campaign), '') as campaign,
        costs.amount,
        upper(coalesce(costs.currency, settings.default_currency)) as currency
    from costs
    cross join settings
    -- what planning sets aside for months to come was spent on nobody yet
    where date_trunc('month', costs.month) <= settings.as_of_date
    qualify
        dense_rank() over (
            partition by
                date_trunc('month', costs.month),
                costs.channel,
                nullif(trim(costs.campaign), '')
            order by costs.extracted_at desc, costs.file_id desc
        ) = 1

),

priced as (

    select
        latest.*,
        case
            when latest.currency = 'JPY' then latest.amount
            else latest.amount * rates.rate
        end as cost_yen
    from latest
    asof left join rates
        on latest.currency = rates.currency
        and latest.month >= rates.valid_from

),

final as (

    select
        month,
        channel,
        campaign,
        sum(cost_yen) as cost_yen,
        bool_or(amount is not null and cost_yen is null) as has_unconverted_cost
    from priced
    group by month, channel, campaign

)

select * from final
