-- one row per line of the lead cohorts, or line without leads, that a cost falls on
with

leads as (

    select * from {{ ref('act_lead_steps') }}

),

costs as (

    select * from {{ ref('act_channel_costs') }}

),

channels as (

    select * from {{ ref('act_channels') }}

),

lines as (

    select
        cast(date_trunc('month', lead_created_on) as date) as cohort_month,
        channel_group,
        channel,
        campaign,
        motion,
        count(*) as leads
    from leads
    group by all

),

-- a channel's cost is shared by the lines it brought leads to, in proportion to the leads
matched as (

    select
        costs.month,
        costs.channel,
        costs.campaign as cost_campaign,
        costs.cost_yen,
        costs.has_unconverted_cost,
        lines.channel_group,
        lines.campaign,
        lines.motion,
        {{
            ratio(
                'lines.leads',
                'sum(lines.leads) over (partition by costs.month, costs.channel, costs.campaign)',
            )
        }} as share
    from costs
    left join lines
        on costs.month = lines.cohort_month
        and costs.channel = lines.channel
        and (costs.campaign is null or costs.campaign = lines.campaign)

),

channel_groups as (

    select
        channel,
        min(channel_group) as channel_group
    from channels
    group by channel

),

-- a cost that brought no lead is a line of its own
placed as (

    select
        matched.month as cohort_month,
        coalesce(matched.channel_group, channel_groups.channel_group, '(unmapped)')
            as channel_group,
        matched.channel,
        coalesce(matched.campaign, matched.cost_campaign, '(none)') as campaign,
        coalesce(matched.motion, '(unassigned)') as motion,
        matched.cost_yen * coalesce(matched.share, 1) as cost_yen,
        matched.has_unconverted_cost
    from matched
    left join channel_groups on matched.channel = channel_groups.channel

),

final as (

    select
        cohort_month,
        channel_group,
        channel,
        campaign,
        motion,
        sum(cost_yen) as cost_yen,
        bool_or(has_unconverted_cost) as has_unconverted_cost
    from placed
    group by cohort_month, channel_group, channel, campaign, motion

)

select * from final
