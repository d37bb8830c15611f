-- one row per finding: what the diagnosing tables flag, in one list
{#- where each table says it; `scope_*`, `subject` and `accepted` default to what most tables call so -#}
{% set tellers = {
    'kpi_bottleneck': {
        'kind': "case direction when 'below' then 'weakness' else 'strength' end",
        'subject': 'step', 'also': 'benchmark', 'accepted': 'accepted_part',
    },
    'kpi_balance': {'kind': "'sign'", 'subject': 'flags'},
    'kpi_review': {'kind': "'review'", 'subject': 'metric'},
    'kpi_backward_plan': {
        'kind': "'out_of_reach'", 'subject': 'step', 'also': "kgi_metric || '|' || rate_basis",
    },
    'kpi_forecast': {'kind': "'off_course'", 'subject': 'metric'},
    'kpi_high_performers': {
        'kind': "'habit'", 'scope_type': "'motion'", 'scope_key': 'motion', 'subject': 'trait',
    },
    'kpi_actions': {
        'kind': 'verdict', 'period_type': "'action'", 'period_start': 'from_date', 'period_end': 'after_to',
        'subject': 'metric', 'also': 'action_id',
    },
} %}
{% set widths = [
    'company', 'business_unit', 'motion', 'team', 'channel', 'call_list', 'campaign', 'team_channel', 'rep',
] %}
with

{% for table, says in tellers.items() %}
{{ table }}_findings as (

    select
        '{{ table }}' as found_in,
        {{ says.kind }} as kind,
        {{ says.get('period_type', 'period_type') }} as period_type,
        {{ says.get('period_start', 'period_start') }} as period_start,
        {{ says.get('period_end', 'period_end') }} as period_end,
        {{ says.get('scope_type', 'scope_type') }} as scope_type,
        {{ says.get('scope_key', 'scope_key') }} as scope_key,
        {{ says.subject }} as subject,
        {{ says.get('also', 'cast(null as varchar)') }} as also,
        {{ says.get('accepted', 'cast(null as double)') }} as accepted_difference,
        finding_ja,
        finding_en
    from {{ ref(table) }}
    where is_flagged

),

{% endfor %}
gathered as (

    {% for table in tellers %}
    select * from {{ table }}_findings
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

told as (

    select
        *,
        concat_ws(
            '|', found_in, period_type, cast(period_start as varchar), scope_type, scope_key, subject, also
        ) as finding_id,
        kind in ('strength', 'habit', 'improved') as is_good_news,
        abs(accepted_difference) as stake,
        case scope_type
            {% for scope_type in widths %}
            when '{{ scope_type }}' then {{ loop.index }}
            {% endfor %}
            else {{ widths | length }}
        end as width
    from gathered

),

-- The same figure of a scope against a second benchmark is no second piece of news; a second action is.
counted as (

    select
        *,
        row_number() over (
            partition by
                period_type, period_start, scope_type, scope_key, found_in,
                -- a target of the conversion is one of all meetings, other benchmarks look at connects
                case subject when 'meetings_per_connect' then 'meeting_conversion_rate' else subject end,
                case found_in when 'kpi_actions' then also end
            order by -stake nulls last, finding_id
        ) as telling
    from told

),

final as (

    select
        finding_id,
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        found_in,
        kind,
        subject,
        accepted_difference,
        is_good_news,
        row_number() over (
            partition by period_type, period_start
            order by telling, width, is_good_news, -stake nulls last, finding_id
        ) as rank_in_period,
        finding_ja,
        finding_en
    from counted

)

select * from final
