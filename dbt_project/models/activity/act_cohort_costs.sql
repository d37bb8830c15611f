-- one row per line of the lead cohorts and attribution model, or line without leads, that a cost falls on
{%- set of_one_cost = 'partition by costs.month, costs.channel, costs.campaign, models.attribution_model' %}
with

leads as (

    select * from {{ ref('act_lead_steps') }}

),

credits as (

    select * from {{ ref('act_lead_credits') }}

),

costs as (

    select * from {{ ref('act_channel_costs') }}

),

channels as (

    select * from {{ ref('act_channels') }}

),

models as (

    select models.attribution_model
    from (values ('first_touch'), ('last_touch'), ('linear')) as models (attribution_model)

),

lines as (

    select
        credits.attribution_model,
        cast(date_trunc('month', leads.lead_created_on) as date) as cohort_month,
        credits.channel_group,
        credits.channel,
        credits.campaign,
        leads.motion,
        cast(sum(credits.units) as hugeint) as units
    from credits
    inner join leads on credits.person_id = leads.person_id
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
        models.attribution_model,
        lines.channel_group,
        lines.campaign,
        lines.motion,
        lines.units,
        sum(lines.units) over (
            {{ of_one_cost }}
            order by lines.channel_group, lines.campaign, lines.motion
            rows between unbounded preceding and current row
        ) - lines.units as units_before,
        sum(lines.units) over ({{ of_one_cost }}) as all_units
    from costs
    cross join models
    left join lines
        on costs.month = lines.cohort_month
        and costs.channel = lines.channel
        and models.attribution_model = lines.attribution_model
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
        matched.attribution_model,
        matched.month as cohort_month,
        coalesce(matched.channel_group, channel_groups.channel_group, '(unmapped)')
            as channel_group,
        matched.channel,
        coalesce(matched.campaign, matched.cost_campaign, '(none)') as campaign,
        coalesce(matched.motion, '(unassigned)') as motion,
        case
            when matched.units is null then cast(matched.cost_yen as decimal(38, 4))
            else {{ share_of_yen(
                'matched.cost_yen', 'matched.units_before', 'matched.units', 'matched.all_units'
            ) | indent(12) }}
        end as cost_yen,
        matched.has_unconverted_cost
    from matched
    left join channel_groups on matched.channel = channel_groups.channel

),

final as (

    select
        attribution_model,
        cohort_month,
        channel_group,
        channel,
        campaign,
        motion,
        cast(sum(cost_yen) as double) as cost_yen,
        bool_or(has_unconverted_cost) as has_unconverted_cost
    from placed
    group by attribution_model, cohort_month, channel_group, channel, campaign, motion

)

select * from final
