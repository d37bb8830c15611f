-- one row per period (month, quarter) and rep or team: 量・質・成果 side by side, and signs of a number being gamed
{% set metrics = [
    'working_days', 'dials', 'approaches', 'connects', 'connect_rate', 'talk_seconds_per_connect',
    'meetings_acquired', 'meetings_acquired_from_connect', 'meeting_conversion_rate', 'accepted',
    'effective_meeting_rate_decided', 'no_show_rate', 'wins',
] %}
{#- flag → the differences that raise it, all of them against the same benchmark. Beside others nothing rose
    or fell: `peers_ja`, `peers_en`. -#}
{% set signs = {
    'dials_up_connect_rate_down': {
        'figures': [['volume', 'above'], ['connect_rate', 'below']],
        'ja': '架電数は増えたのにコネクト率が下がっています', 'en': 'dials rose while the connect rate fell',
        'peers_ja': '架電数は多いのにコネクト率が低くなっています', 'peers_en': 'many dials at a low connect rate',
    },
    'very_short_connects': {
        'figures': [['talk_per_connect', 'below']],
        'ja': '有効接触の通話が短すぎます', 'en': 'connects are very short',
    },
    'meetings_without_connect': {
        'figures': [['without_connect', 'above']],
        'ja': '有効接触のない商談が多すぎます', 'en': 'many meetings were booked without a connect',
    },
    'bookings_up_acceptance_down': {
        'figures': [['bookings', 'above'], ['effective_meeting_rate', 'below']],
        'ja': '商談数は増えたのに有効商談化率が下がっています',
        'en': 'bookings rose while the effective meeting rate fell',
        'peers_ja': '商談数は多いのに有効商談化率が低くなっています',
        'peers_en': 'many bookings at a low effective meeting rate',
    },
    'no_shows_up': {
        'figures': [['no_shows', 'above']],
        'ja': '不参加が増えています', 'en': 'no-shows rose',
        'peers_ja': '不参加が多くなっています', 'peers_en': 'many no-shows',
    },
    'bookings_at_period_end': {
        'figures': [['period_end_bookings', 'above']],
        'ja': '期末の数日に商談が集中しています', 'en': 'bookings crowd the last days of the period',
    },
    'late_decisions': {
        'figures': [['late_decisions', 'above']],
        'ja': '有効商談の判断が期限より遅れています', 'en': 'decisions came after they were due',
    },
} %}
{% set place = ['period_type', 'period_start', 'scope_type', 'scope_key'] %}
{% set shares = [
    'connect_rate', 'without_connect', 'effective_meeting_rate', 'no_shows', 'period_end_bookings',
    'late_decisions',
] %}
with

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

comparisons as (

    select * from {{ ref('act_comparisons') }}

),

reps as (

    select * from {{ ref('dim_reps') }}

),

labels as (

    select
        rep_id,
        arg_max(rep_label, valid_from) as rep_label
    from reps
    group by rep_id

),

figures as (

    select
        {{ place | join(', ') }},
        {{ period_words('ja') }} as period_ja,
        {{ period_words('en') }} as period_en,
        max(period_end) as period_end,
        bool_and(is_period_over) as is_period_over,
        {% for metric in metrics %}
        max(value) filter (where metric = '{{ metric }}') as {{ metric }},
        {% endfor %}
        max(numerator) filter (where metric = 'effective_meeting_rate_decided') as accepted_of_decided,
        max(denominator) filter (where metric = 'effective_meeting_rate_decided') as decided,
        max(numerator) filter (where metric = 'no_show_rate') as no_shows,
        max(denominator) filter (where metric = 'no_show_rate') as meetings_with_outcome,
        max(status) filter (where metric = 'connect_rate') as connect_rate_status,
        max(status) filter (where metric = 'meetings_acquired') as meetings_status,
        max(status) filter (where metric = 'accepted') as accepted_status
    from scorecard
    where
        period_type in ('month', 'quarter')
        and scope_type in ('rep', 'team')
        and {{ is_attributed('scope_key') }}
    group by {{ place | join(', ') }}

),

notable as (

    select
        *,
        case when difference < 0 then 'below' else 'above' end as direction
    from comparisons
    where
        is_notable
        and scope_type in ('rep', 'team')
        and benchmark != 'target'

),

seen as (

    {% for code, sign in signs.items() %}
    select
        {{ place | join(', ') }},
        benchmark,
        '{{ code }}' as code,
        {{ loop.index }} as code_rank,
        {% for language in ['ja', 'en'] %}
        case benchmark
            when 'peers' then '{{ sign['peers_' ~ language] | default(sign[language]) }}'
            else '{{ sign[language] }}'
        end as sign_{{ language }},
        {% endfor %}
        {% for figure in sign.figures %}
        max(value) filter (where figure = '{{ figure[0] }}') as value_{{ loop.index }},
        max(benchmark_value) filter (where figure = '{{ figure[0] }}') as benchmark_{{ loop.index }},
        {{ (figure[0] in shares) | lower }} as is_share_{{ loop.index }},
        {% endfor %}
        {% if sign.figures | length == 1 %}
        cast(null as double) as value_2,
        cast(null as double) as benchmark_2,
        false as is_share_2,
        {% endif %}
        max(q_value) as q_value
    from notable
    where
        {% for figure in sign.figures %}
        {{ '' if loop.first else 'or ' }}figure = '{{ figure[0] }}' and direction = '{{ figure[1] }}'
        {% endfor %}
    group by {{ place | join(', ') }}, benchmark
    having count(*) = {{ sign.figures | length }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A sign seen against two benchmarks is told once, against the one that makes it surer.
told_once as (

    select *
    from seen
    qualify row_number() over (
        partition by {{ place | join(', ') }}, code
        order by q_value, benchmark
    ) = 1

),

worded as (

    select
        *,
        {{ benchmark_words('ja') }} as benchmark_ja,
        {{ benchmark_words('en') }} as benchmark_en,
        {% for place_number in [1, 2] %}
        case
            when is_share_{{ place_number }}
                then
                    {{ figure_text('benchmark_' ~ place_number, "'ratio'") }} || '→'
                    || {{ figure_text('value_' ~ place_number, "'ratio'") }}
            else
                {{ number_words('benchmark_' ~ place_number) }} || '→'
                || {{ number_words('value_' ~ place_number) }}
        end as words_{{ place_number }}{{ ',' if not loop.last }}
        {% endfor %}
    from told_once

),

flags as (

    select
        {{ place | join(', ') }},
        string_agg(code, ', ' order by code_rank) as flags,
        string_agg(
            sign_ja || '（' || benchmark_ja || '比 ' || concat_ws('、', words_1, words_2) || '）',
            '。' order by code_rank
        ) as signs_ja,
        string_agg(
            sign_en || ' (' || benchmark_en || ': ' || concat_ws(', ', words_1, words_2) || ')',
            '; ' order by code_rank
        ) as signs_en
    from worded
    group by {{ place | join(', ') }}

),

final as (

    select
        figures.period_type,
        figures.period_start,
        figures.period_end,
        figures.is_period_over,
        figures.scope_type,
        figures.scope_key,
        {% for metric in metrics %}
        figures.{{ metric }},
        {% endfor %}
        figures.accepted_of_decided,
        figures.decided,
        figures.no_shows,
        figures.meetings_with_outcome,
        figures.connect_rate_status,
        figures.meetings_status,
        figures.accepted_status,
        coalesce(flags.flags, '') as flags,
        flags.flags is not null as is_flagged,
        figures.period_ja || ' '
        || coalesce(labels.rep_label, figures.scope_key) || '：' || flags.signs_ja || '。' as finding_ja,
        coalesce(labels.rep_label, figures.scope_key) || ', '
        || figures.period_en || ': ' || flags.signs_en
        || '.' as finding_en
    from figures
    left join flags
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}figures.{{ column }} = flags.{{ column }}
            {% endfor %}
    left join labels
        on case figures.scope_type when 'rep' then figures.scope_key end = labels.rep_id

)

select * from final
