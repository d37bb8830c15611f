-- one row per rep, date, channel and campaign (and the team, business unit and motion credited)
-- depends_on: {{ ref('act_metric_days') }}
{% set counts = [
    'dials', 'emails_sent', 'approaches', 'answered_calls', 'human_reached', 'connects', 'inbound_connects',
    'wrong_numbers', 'do_not_call', 'unidentified_party', 'talk_seconds', 'connect_talk_seconds', 'turns',
    'analysed_calls', 'analysed_connects', 'meetings_booked', 'meetings_acquired', 'meetings_acquired_of_cohort',
    'meetings_held', 'no_shows', 'accepted', 'rejected', 'pending', 'expired', 'opportunities_created', 'wins',
    'pipeline_created_yen', 'won_amount_yen',
] %}
{% set rates = [
    'answer_rate', 'human_rate', 'connect_rate', 'meeting_conversion_rate', 'effective_meeting_rate',
] %}
{% set keys = ['rep_id', 'date', 'channel', 'campaign', 'team', 'business_unit', 'motion'] %}
with

days as (

    select * from {{ ref('act_metric_days') }}
    where channel is not null

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

decisions as (

    select last_mature_on from {{ ref('act_maturities') }}
    where maturity = 'decision'

),

active as (

    select
        {{ keys | join(',\n        ') }},
        true as has_activity,
        {{ counts | join(',\n        ') }}
    from days
    where
        {% for count in counts %}
        {{ 'or ' if not loop.first }}{{ count }} != 0
        {% endfor %}

),

covered_rep_days as (

    select
        rep_days.rep_id,
        rep_days.date,
        rep_days.team,
        rep_days.business_unit,
        rep_days.motion,
        rep_days.working_day,
        rep_days.has_cti,
        {{ are_calls_there('need_days', 'rep_days.has_cti', 'not rep_days.has_cti') | indent(8) }}
        or need_days.is_sfa_tasks_met
        or need_days.is_sfa_emails_met
        or need_days.is_sfa_events_met
        or need_days.is_sfa_opportunities_met as is_anything_known
    from rep_days
    left join need_days on rep_days.date = need_days.date

),

idle as (

    select
        covered_rep_days.rep_id,
        covered_rep_days.date,
        '(no activity)' as channel,
        '(no activity)' as campaign,
        coalesce(covered_rep_days.team, '(unassigned)') as team,
        coalesce(covered_rep_days.business_unit, '(unassigned)') as business_unit,
        coalesce(covered_rep_days.motion, '(unassigned)') as motion,
        false as has_activity,
        {% for count in counts %}
        0 as {{ count }}{{ ',' if not loop.last }}
        {% endfor %}
    from covered_rep_days
    left join active
        on
            covered_rep_days.rep_id = active.rep_id
            and covered_rep_days.date = active.date
    where
        covered_rep_days.working_day > 0
        and covered_rep_days.is_anything_known
        and active.rep_id is null

),

united as (

    select * from active

    union all

    select * from idle

),

covered as (

    select
        united.*,
        {{ are_calls_there(
            'need_days',
            'coalesce(covered_rep_days.has_cti, true)',
            'not coalesce(covered_rep_days.has_cti, true)'
        ) | indent(8) }} as is_cti_met,
        coalesce(covered_rep_days.working_day, 0) as working_day,
        {%- for need in all_needs() if need != 'cti' %}
        coalesce(need_days.is_{{ need }}_met, false) as is_{{ need }}_met{{ ',' if not loop.last }}
        {%- endfor %}
    from united
    left join covered_rep_days
        on
            united.rep_id = covered_rep_days.rep_id
            and united.date = covered_rep_days.date
    left join need_days on united.date = need_days.date

)
{% if execute %}
{% set metrics = {} %}
{% for metric in catalogue_metrics() %}{% do metrics.update({metric.name: metric}) %}{% endfor %}
,

-- Absent is not zero: what an uncovered day does not show stays null.
counted as (

    select
        {{ keys | join(',\n        ') }},
        has_activity,
        working_day,
        {% for count in counts %}
        cast(
            case
                when {{ count }} != 0 or (is_{{ metrics[count].meta.needs | join('_met and is_') }}_met) then {{ count }}
            end as {{ metrics[count].numerator.type }}
        ) as {{ count }},
        {% endfor %}
        case
            when is_cti_met and is_sfa_emails_met and is_sfa_events_met and is_sfa_opportunities_met
                then 'ok'
            else 'partial'
        end as status,
        coalesce(covered.date <= decisions.last_mature_on, false) as is_mature
    from covered
    cross join decisions

),

rated as (

    select
        {{ keys | join(',\n        ') }},
        has_activity,
        working_day,
        {{ counts | join(',\n        ') }},
        {% for rate in rates %}
        {{ ratio(metrics[rate].numerator.name, metrics[rate].denominator.name) }} as {{ rate }},
        {% endfor %}
        status,
        is_mature
    from counted

)

select * from rated
{% else %}
select * from covered
{% endif %}
