-- one row per cohort month × channel group × channel × campaign × motion × attribution model
{%- set steps = ['mql', 'worked', 'connected', 'meeting', 'opportunity', 'accepted', 'won'] %}
{%- set observed = {
    'mql': 'is_mql',
    'worked': 'is_worked',
    'connected': 'is_connected',
    'meeting': 'is_met',
    'accepted': 'is_accepted',
    'opportunity': 'is_opportunity',
    'won': 'is_won',
    'lost': 'is_lost',
} %}
{%- set states = [
    'lead', 'nurturing', 'worked', 'connected', 'meeting', 'opportunity', 'accepted', 'won', 'lost'
] %}
{#- median days from one step to the next, on leads seen at both #}
{%- set waits = {
    'to_mql': ['lead_created_on', 'mql_on'],
    'to_worked': ['lead_created_on', 'worked_on'],
    'to_meeting': ['lead_created_on', 'met_on'],
    'to_won': ['lead_created_on', 'won_on'],
    'mql_to_worked': ['mql_on', 'worked_on'],
    'worked_to_connected': ['worked_on', 'connected_on'],
    'connected_to_meeting': ['connected_on', 'met_on'],
    'meeting_to_accepted': ['met_on', 'accepted_on'],
    'meeting_to_opportunity': ['met_on', 'opportunity_on'],
    'opportunity_to_accepted': ['opportunity_on', 'accepted_on'],
    'opportunity_to_won': ['opportunity_on', 'won_on'],
} %}
{%- set minimum_leads = 10 %}
{%- set line = [
    'cohort_month', 'channel_group', 'channel', 'campaign', 'motion', 'attribution_model'
] %}
{#- a lead that several lines share has days and an interval in none of them #}
{%- set is_whole = "attribution_model != 'linear'" %}
{%- set parts = ['lead_records', 'still_open', 'opportunities'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

costs as (

    select * from {{ ref('act_cohort_costs') }}

),

credits as (

    select * from {{ ref('act_lead_credits') }}

),

amounts as (

    select
        person_id,
        count(*) filter (where is_first_of_opportunity) as opportunities,
        sum(cast(amount_yen as decimal(38, 4))) as pipeline_yen,
        sum(cast(amount_yen as decimal(38, 4))) filter (where is_won) as won_yen
    from lead_opportunities
    group by person_id

),

-- a lead stands in one line of a model or, with a part of itself, in several
leads as (

    select
        cast(date_trunc('month', lead_steps.lead_created_on) as date) as cohort_month,
        lead_steps.* exclude (channel_group, channel, campaign),
        credits.attribution_model,
        credits.channel_group,
        credits.channel,
        credits.campaign,
        credits.units,
        amounts.opportunities,
        {% for amount in ['pipeline_yen', 'won_yen'] -%}
        {{ share_of_yen(
            'coalesce(amounts.' ~ amount ~ ', 0)',
            'credits.units_before',
            'credits.units',
            credit_units_of_a_lead(),
        ) | indent(8) }} as {{ amount }}{{ ',' if not loop.last }}
        {% endfor %}
    from lead_steps
    inner join credits on lead_steps.person_id = credits.person_id
    left join amounts on lead_steps.person_id = amounts.person_id

),

counted as (

    select
        {{ line | join(', ') }},
        sum(units) as leads,
        sum(units * lead_records) as lead_records,
        {% for step in steps + ['lost'] -%}
        sum(units) filter (where has_reached_{{ step }}) as reached_{{ step }},
        {% endfor -%}
        {% for step, flag in observed.items() -%}
        sum(units) filter (where {{ flag }}) as observed_{{ step }},
        {% endfor -%}
        {% for state in states -%}
        sum(units) filter (where state = '{{ state }}') as state_{{ state }},
        {% endfor -%}
        sum(units) filter (where is_still_open) as still_open,
        sum(units * opportunities) as opportunities,
        sum(pipeline_yen) as pipeline_yen,
        sum(won_yen) as won_yen,
        {% for name, days in waits.items() -%}
        case when {{ is_whole }} then median(
            case
                when {{ days[0] }} is not null and {{ days[1] }} is not null
                    then greatest({{ days[1] }} - {{ days[0] }}, 0)
            end
        ) end as median_days_{{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from leads
    group by {{ line | join(', ') }}

),

-- a cost that brought no lead has a line too
joined as (

    select
        {% for column in line -%}
        coalesce(counted.{{ column }}, costs.{{ column }}) as {{ column }},
        {% endfor -%}
        {{ credits_of('coalesce(counted.leads, 0)') }} as lead_count,
        {% for part in parts -%}
        {{ credits_of('coalesce(counted.' ~ part ~ ', 0)') }} as {{ part }},
        {% endfor -%}
        {% for step in steps + ['lost'] -%}
        {{ credits_of('coalesce(counted.reached_' ~ step ~ ', 0)') }} as reached_{{ step }},
        {% endfor -%}
        {% for step in observed -%}
        {{ credits_of('coalesce(counted.observed_' ~ step ~ ', 0)') }} as observed_{{ step }},
        {% endfor -%}
        {% for state in states -%}
        {{ credits_of('coalesce(counted.state_' ~ state ~ ', 0)') }} as state_{{ state }},
        {% endfor -%}
        {% for name in waits -%}
        counted.median_days_{{ name }},
        {% endfor -%}
        cast(coalesce(counted.pipeline_yen, 0) as double) as pipeline_yen,
        cast(coalesce(counted.won_yen, 0) as double) as won_yen,
        costs.cost_yen,
        costs.has_unconverted_cost
    from counted
    full join costs
        {% for column in line -%}
        {{ 'on' if loop.first else 'and' }} counted.{{ column }} = costs.{{ column }}
        {% endfor %}
),

-- covered like the company's metrics of the steps; an unknown gate spoils only the accepted
months as (

    select
        period_start as cohort_month,
        min(covered_days) filter (where metric != 'accepted') as covered_days,
        max(uncovered_days) as uncovered_days
    from scorecard
    where
        period_type = 'month'
        and scope_type = 'company'
        and metric in ('connects', 'meetings_booked', 'opportunities_created', 'accepted')
    group by period_start

),

-- a cohort is its leads: the days of the month whose leads and contacts are there
people_months as (

    select
        cast(date_trunc('month', need_days.date) as date) as cohort_month,
        count(*) filter (where need_days.is_people_met) as covered_days
    from need_days
    inner join settings on need_days.date <= settings.as_of_date
    group by cohort_month

),

waits as (

    select
        'lead' as maturity,
        days_to_outcome as days
    from lead_steps
    where days_to_outcome is not null

),

maturities as (

    {{ days_to_maturity('waits') }}

),

aged as (

    select
        joined.*,
        least(
            coalesce(months.covered_days, 0), coalesce(people_months.covered_days, 0)
        ) as covered_days,
        greatest(
            coalesce(months.uncovered_days, 0),
            least({{ add_months('joined.cohort_month', 1) }} - 1, settings.as_of_date)
            - joined.cohort_month + 1 - coalesce(people_months.covered_days, 0)
        ) as uncovered_days,
        {{ add_months('joined.cohort_month', 1) }} <= settings.as_of_date + 1 as is_cohort_over,
        -- without any win or loss so far nothing is mature
        coalesce(
            {{ add_months('joined.cohort_month', 1) }} - 1
            + cast(maturities.days_to_maturity as integer) > settings.as_of_date,
            true
        ) as is_maturing
    from joined
    cross join settings
    left join months on joined.cohort_month = months.cohort_month
    left join people_months on joined.cohort_month = people_months.cohort_month
    left join maturities on maturities.maturity = 'lead'

),

final as (

    select
        {{ line | join(',\n        ') }},
        lead_count as leads,
        lead_records,
        {% for step in steps + ['lost'] -%}
        reached_{{ step }},
        {% endfor -%}
        {% for step in observed -%}
        observed_{{ step }},
        {% endfor -%}
        {% for state in states -%}
        state_{{ state }},
        {% endfor -%}
        still_open,
        opportunities,
        pipeline_yen,
        won_yen,
        {% for name in waits -%}
        cast(median_days_{{ name }} as double) as median_days_{{ name }},
        {% endfor -%}
        cast(cost_yen as double) as cost_yen,
        coalesce(has_unconverted_cost, false) as has_unconverted_cost,
        {% for step in steps -%}
        {{ ratio('reached_' ~ step, 'lead_count') }} as lead_to_{{ step }}_rate,
        case when {{ is_whole }} then {{ wilson_low('reached_' ~ step, 'lead_count') }} end
            as lead_to_{{ step }}_rate_low,
        case when {{ is_whole }} then {{ wilson_high('reached_' ~ step, 'lead_count') }} end
            as lead_to_{{ step }}_rate_high,
        {% endfor -%}
        {{ ratio('still_open', 'reached_opportunity') }} as opportunity_still_open_rate,
        {{ ratio('cost_yen', 'reached_meeting') }} as cost_per_meeting_yen,
        {{ ratio('cost_yen', 'reached_accepted') }} as cost_per_accepted_yen,
        {{ ratio('cost_yen', 'reached_won') }} as cost_per_won_yen,
        {{ ratio('won_yen', 'cost_yen') }} as won_per_cost_ratio,
        is_cohort_over,
        {{
            figure_status(
                'covered_days',
                'uncovered_days',
                'is_maturing',
                'lead_count < ' ~ minimum_leads,
            )
        }} as status
    from aged

)

select * from final
