-- one row per cohort month × channel group × channel × campaign × motion × attribution model
{%- set steps = ['mql', 'worked', 'connected', 'meeting', 'accepted', 'opportunity', 'won'] %}
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
    'lead', 'nurturing', 'worked', 'connected', 'meeting', 'accepted', 'opportunity', 'won', 'lost'
] %}
{%- set line = ['cohort_month', 'channel_group', 'channel', 'campaign', 'motion'] %}
with

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

costs as (

    select * from {{ ref('act_cohort_costs') }}

),

amounts as (

    select
        person_id,
        count(*) filter (where is_first_of_opportunity) as opportunities,
        sum(amount_yen) as pipeline_yen,
        sum(amount_yen) filter (where is_won) as won_yen
    from lead_opportunities
    group by person_id

),

leads as (

    select
        cast(date_trunc('month', lead_steps.lead_created_on) as date) as cohort_month,
        lead_steps.*,
        amounts.opportunities,
        amounts.pipeline_yen,
        amounts.won_yen
    from lead_steps
    left join amounts on lead_steps.person_id = amounts.person_id

),

counted as (

    select
        {{ line | join(', ') }},
        count(*) as leads,
        sum(lead_records) as lead_records,
        {% for step in steps + ['lost'] -%}
        count(*) filter (where has_reached_{{ step }}) as reached_{{ step }},
        {% endfor -%}
        {% for step, flag in observed.items() -%}
        count(*) filter (where {{ flag }}) as observed_{{ step }},
        {% endfor -%}
        {% for state in states -%}
        count(*) filter (where state = '{{ state }}') as state_{{ state }},
        {% endfor -%}
        count(*) filter (where is_still_open) as still_open,
        coalesce(sum(opportunities), 0) as opportunities,
        coalesce(sum(pipeline_yen), 0) as pipeline_yen,
        coalesce(sum(won_yen), 0) as won_yen,
        median(greatest(worked_on - lead_created_on, 0)) filter (where worked_on is not null)
            as median_days_to_worked,
        median(greatest(met_on - lead_created_on, 0)) filter (where met_on is not null)
            as median_days_to_meeting,
        median(greatest(won_on - lead_created_on, 0)) filter (where won_on is not null)
            as median_days_to_won
    from leads
    group by {{ line | join(', ') }}

),

-- a cost that brought no lead has a line too
joined as (

    select
        {% for column in line -%}
        coalesce(counted.{{ column }}, costs.{{ column }}) as {{ column }},
        {% endfor -%}
        counted.* exclude ({{ line | join(', ') }}, leads),
        coalesce(counted.leads, 0) as lead_count,
        costs.cost_yen,
        costs.has_unconverted_cost
    from counted
    full join costs
        {% for column in line -%}
        {{ 'on' if loop.first else 'and' }} counted.{{ column }} = costs.{{ column }}
        {% endfor %}
),

final as (

    select
        {{ line | join(',\n        ') }},
        'first_touch' as attribution_model,
        cast(lead_count as bigint) as leads,
        cast(coalesce(lead_records, 0) as bigint) as lead_records,
        {% for step in steps + ['lost'] -%}
        cast(coalesce(reached_{{ step }}, 0) as bigint) as reached_{{ step }},
        {% endfor -%}
        {% for step in observed -%}
        cast(coalesce(observed_{{ step }}, 0) as bigint) as observed_{{ step }},
        {% endfor -%}
        {% for state in states -%}
        cast(coalesce(state_{{ state }}, 0) as bigint) as state_{{ state }},
        {% endfor -%}
        cast(coalesce(still_open, 0) as bigint) as still_open,
        cast(coalesce(opportunities, 0) as bigint) as opportunities,
        cast(coalesce(pipeline_yen, 0) as double) as pipeline_yen,
        cast(coalesce(won_yen, 0) as double) as won_yen,
        cast(median_days_to_worked as double) as median_days_to_worked,
        cast(median_days_to_meeting as double) as median_days_to_meeting,
        cast(median_days_to_won as double) as median_days_to_won,
        cast(cost_yen as double) as cost_yen,
        coalesce(has_unconverted_cost, false) as has_unconverted_cost,
        {% for step in steps -%}
        {{ ratio('reached_' ~ step, 'lead_count') }} as lead_to_{{ step }}_rate,
        {{ wilson_low('reached_' ~ step, 'lead_count') }} as lead_to_{{ step }}_rate_low,
        {{ wilson_high('reached_' ~ step, 'lead_count') }} as lead_to_{{ step }}_rate_high,
        {% endfor -%}
        {{ ratio('cost_yen', 'reached_meeting') }} as cost_per_meeting_yen,
        {{ ratio('cost_yen', 'reached_accepted') }} as cost_per_accepted_yen,
        {{ ratio('cost_yen', 'reached_won') }} as cost_per_won_yen,
        {{ ratio('coalesce(won_yen, 0)', 'cost_yen') }} as won_per_cost_ratio
    from joined

)

select * from final
