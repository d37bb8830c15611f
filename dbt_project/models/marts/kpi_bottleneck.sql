-- one row per period (month, quarter), scope, step of the way to a win (or first response), and benchmark
{% set steps = {
    'volume': {
        'cause': 'activity', 'ja': '稼働日あたり架電数', 'en': 'dials per working day',
    },
    'connect_rate': {'ja': 'コネクト率', 'en': 'connect rate'},
    'meeting_conversion_rate': {
        'cause': 'talk_skill', 'ja': '商談化率（有効接触から）', 'en': 'meeting conversion from connects',
    },
    'meetings_per_connect': {
        'cause': 'talk_skill', 'ja': '商談化率', 'en': 'meeting conversion',
    },
    'effective_meeting_rate': {
        'cause': 'handover_quality', 'ja': '有効商談化率', 'en': 'effective meeting rate',
    },
    'opportunities_per_accepted': {'ja': '有効商談あたり創出商談数', 'en': 'opportunities per accepted meeting'},
    'win_rate': {'cause': 'field_sales_offer', 'ja': '受注率', 'en': 'win rate'},
    'first_response': {
        'cause': 'first_response', 'ja': '当日中初動率', 'en': 'share of hand-raises answered the same day',
    },
} %}
{% set causes = {
    'activity': {'ja': '活動量', 'en': 'level of activity'},
    'list_accuracy': {'ja': '架電リストの精度', 'en': 'accuracy of the call list'},
    'reach': {
        'ja': '架電先または架電時間帯（リストは特定できず）', 'en': 'whom or when people call (no list can be named)',
    },
    'lead_quality': {'ja': 'リードの質', 'en': 'quality of the leads'},
    'talk_skill': {'ja': 'トークスキル', 'en': 'talk skill'},
    'handover_quality': {
        'ja': '商談の質・引き渡し基準', 'en': 'quality of meetings and hand-over criteria',
    },
    'field_sales_offer': {
        'ja': 'フィールドセールスの進め方・提案内容', 'en': 'field sales or the offer',
    },
    'first_response': {'ja': '初動', 'en': 'slow first response'},
    'strength': {'ja': '強み', 'en': 'a strength to learn from'},
} %}
{% set factors = [
    'volume', 'connect_rate', 'meetings_per_connect', 'effective_meeting_rate',
    'opportunities_per_accepted', 'win_rate',
] %}
{% set conversions = ['meeting_conversion_rate', 'meetings_per_connect'] %}
{% set place = ['period_type', 'period_start', 'scope_type', 'scope_key'] %}
{% set carriers = ['channel', 'call_list'] %}
with

comparisons as (

    select * from {{ ref('act_comparisons') }}

),

calls as (

    select * from {{ ref('fct_calls') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

windows as (

    select * from {{ ref('act_diagnosis_windows') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

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

steps as (

    select
        *,
        -- a difference is of all meetings, however they were booked
        case
            when figure = 'meeting_conversion_rate' and benchmark != 'target' then 'meetings_per_connect'
            else figure
        end as part_of
    from comparisons
    where
        {{ any_of('figure', steps.keys()) | indent(8) }}
        -- all meetings stand for the conversion where it has a target, else those from a connect
        and (figure != 'meetings_per_connect' or benchmark = 'target')

),

-- Whatever it is compared with, a scope is what it is.
own_values as (

    select
        {{ place | join(', ') }},
        max(denominator) filter (where figure = 'volume') as working_days,
        max(denominator) filter (where figure = 'connect_rate') as dials,
        {% for factor in factors %}
        max(value) filter (where figure = '{{ factor }}') as {{ factor }}{{ ',' if not loop.last }}
        {% endfor %}
    from comparisons
    where {{ any_of('figure', factors) | indent(4) }}
    group by {{ place | join(', ') }}

),

-- All factors of one product side by side; what is not known yet is taken to be as the benchmark, what
-- has no benchmark as it is.
known as (

    select
        {{ place | join(', ') }},
        benchmark,
        count(benchmark_value) as benchmarks,
        {% for factor in factors %}
        max(case when status in ('ok', 'small_sample', 'no_benchmark') then value end)
            filter (where figure = '{{ factor }}') as {{ factor }}_after,
        max(benchmark_value) filter (where figure = '{{ factor }}') as {{ factor }}_before
        {{- ',' if not loop.last }}
        {% endfor %}
    from comparisons
    where {{ any_of('figure', factors) | indent(4) }}
    group by {{ place | join(', ') }}, benchmark

),

factored as (

    select
        {% for column in place %}
        known.{{ column }},
        {% endfor %}
        known.benchmark,
        {{ any_of('known.scope_type', people_scopes()) | indent(8) }} as has_people,
        {% for factor in factors %}
        coalesce(known.{{ factor }}_after, known.{{ factor }}_before, own_values.{{ factor }})
            as {{ factor }}_after,
        coalesce(known.{{ factor }}_before, known.{{ factor }}_after, own_values.{{ factor }})
            as {{ factor }}_before,
        {% endfor %}
        own_values.working_days,
        own_values.dials
    from known
    inner join own_values
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}known.{{ column }} = own_values.{{ column }}
            {% endfor %}
    -- compared with nothing, nothing is missing
    where known.benchmarks > 0

),

-- Where nobody's working days are known the dials made are what the rates are applied to.
based as (

    select
        * replace (
            case when has_people then volume_after else 1 end as volume_after,
            case when has_people then volume_before else 1 end as volume_before
        ),
        case when has_people then working_days else dials end as base
    from factored

),

{% set accepted = [] %}
{% for factor in factors %}
{% do accepted.append((factor ~ '_after', factor ~ '_before')) %}
{% endfor %}
{% set wins = accepted %}
{% set accepted = accepted[:4] %}
shared as (

    select
        {{ place | join(', ') }},
        benchmark,
        base * ({{ product_of(accepted, 0) }} - {{ product_of(accepted, 1) }})
            as accepted_difference,
        base * ({{ product_of(wins, 0) }} - {{ product_of(wins, 1) }}) as wins_difference,
        {% for factor in factors %}
        {% if loop.index0 < accepted | length %}
        base * {{ shapley_part(accepted, loop.index0) | indent(8) }} as {{ factor }}_accepted_part,
        {% endif %}
        base * {{ shapley_part(wins, loop.index0) | indent(8) }} as {{ factor }}_wins_part
        {{- ',' if not loop.last }}
        {% endfor %}
    from based

),

-- Where the connects are missing that a low rate costs, by month first: calls are many.
months as (

    select
        dates.month_start,
        calls.rep_id,
        calls.team,
        calls.business_unit,
        calls.motion,
        {% for carrier in carriers %}
        coalesce(calls.{{ carrier }}, '{{ missing_names()[carrier] }}') as {{ carrier }},
        {% endfor %}
        count(*) as dials,
        count(*) filter (where calls.is_connect) as connects
    from calls
    inner join dates on calls.called_on = dates.date
    where calls.is_dial
    group by all

),

low_connects as (

    select *
    from steps
    where
        figure = 'connect_rate'
        and is_notable
        and difference < 0
        and {{ any_of('scope_type', people_scopes()) | indent(8) }}

),

-- Who called what: the scope itself, and everybody else in inside sales.
called as (

    {% for scope in people_scopes() %}
    {% set last_scope = loop.last %}
    {% set columns = scope_columns()[scope] %}
    {% set is_own = 'low_connects.scope_key = months.' ~ columns[0] if columns else 'true' %}
    {% for carrier in carriers %}
    select
        {% for column in place %}
        low_connects.{{ column }},
        {% endfor %}
        low_connects.benchmark,
        low_connects.benchmark_value,
        low_connects.notable,
        '{{ carrier }}' as carrier_type,
        months.{{ carrier }} as carrier,
        months.rep_id,
        {{ is_own }} as is_own,
        sum(months.dials) as dials,
        sum(months.connects) as connects
    from low_connects
    inner join months
        on months.month_start between low_connects.period_start and low_connects.period_end
    where
        low_connects.scope_type = '{{ scope }}'
        and (
            {{ is_own }}
            or (months.motion in ('sdr', 'bdr') and {{ is_attributed('months.rep_id') }})
        )
    group by all
    {{ 'union all' if not (last_scope and loop.last) }}
    {% endfor %}
    {% endfor %}

),

elsewhere as (

    select
        *,
        sum(dials) over hands - dials as dials_elsewhere,
        sum(connects) over hands - connects as connects_elsewhere
    from called
    window hands as (
        partition by {{ place | join(', ') }}, benchmark, carrier_type, is_own, rep_id
    )

),

-- Of each list and channel: the scope on it, and those of the others who call it, on it and elsewhere.
hands as (

    select
        {{ place | join(', ') }},
        benchmark,
        benchmark_value,
        notable,
        carrier_type,
        carrier,
        coalesce(sum(dials) filter (where is_own), 0) as dials,
        coalesce(sum(connects) filter (where is_own), 0) as connects,
        {% for count in ['dials', 'connects', 'dials_elsewhere', 'connects_elsewhere'] %}
        coalesce(sum({{ count }}) filter (where not is_own), 0) as others_{{ count }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from elsewhere
    group by all

),

lacks as (

    select
        *,
        -- a decimal, so that the sum over lists is the same in any order
        cast(dials * benchmark_value - connects as decimal(28, 10)) as lack,
        sum(dials) over scopes - dials as rest_dials,
        sum(connects) over scopes - connects as rest_connects
    from hands
    where dials > 0
    window scopes as (partition by {{ place | join(', ') }}, benchmark, carrier_type)

),

-- What carries most of it, of channels and of lists.
shares as (

    select
        *,
        {{ is_attributed('carrier') }} as is_attributed,
        least(1, {{ ratio(
            'lack',
            'sum(greatest(lack, 0)) over (partition by ' ~ place | join(', ') ~ ', benchmark, carrier_type)'
        ) }}) as carried_share
    from lacks
    qualify row_number() over (
        partition by {{ place | join(', ') }}, benchmark, carrier_type
        order by is_attributed desc, lack desc, carrier asc
    ) = 1

),

-- What is known of the rest, and of others: too few dials to expect ten connects of tell nothing.
judged as (

    select
        *,
        rest_dials * benchmark_value >= {{ fewest_expected() }} as is_rest_known,
        rest_connects < rest_dials * benchmark_value * (1 - notable) as is_rest_low,
        {{ ratio('others_connects_elsewhere', 'others_dials_elsewhere') }} as others_rate_elsewhere,
        coalesce(
            others_connects_elsewhere >= {{ fewest_expected() }}
            and others_dials * others_rate_elsewhere >= {{ fewest_expected() }},
            false
        ) as are_others_known,
        others_connects < others_dials * others_rate_elsewhere * (1 - notable) as are_others_low
    from shares

),

-- A list, else a channel, is named where it stands for more than half of what is missing, where the rest is
-- not low as well, and where those of the others who call it reach less on it than elsewhere, too. One of
-- the two must be known: somebody who is weak everywhere, or the only one to call, has no bad list.
carried as (

    select *
    from judged
    where
        lack > 0
        and is_attributed
        and carried_share > 0.5
        and (is_rest_known or are_others_known)
        and not (is_rest_known and is_rest_low)
        and (not are_others_known or are_others_low)
    qualify row_number() over (
        partition by {{ place | join(', ') }}, benchmark
        order by carrier_type = 'call_list' desc
    ) = 1

),

-- Who of those who dial belonged to a scope before a period, during it, and on its last day.
memberships as (

    {% for scope in people_scopes() if scope != 'rep' %}
    select
        windows.period_type,
        windows.period_start,
        '{{ scope }}' as scope_type,
        {{ 'rep_days.' ~ scope_columns()[scope][0] if scope_columns()[scope] else "'company'" }} as scope_key,
        rep_days.rep_id,
        bool_or(windows.time_window = 'trailing') as was_before,
        bool_or(windows.time_window = 'period' and rep_days.date = windows.last_day) as is_last
    from windows
    inner join rep_days on rep_days.date between windows.first_day and windows.last_day
    where rep_days.motion in ('sdr', 'bdr')
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

changes as (

    select
        memberships.period_type,
        memberships.period_start,
        memberships.scope_type,
        memberships.scope_key,
        string_agg(labels.rep_label, '、' order by memberships.rep_id)
            filter (where memberships.is_last and not memberships.was_before) as joined_ja,
        string_agg(labels.rep_label, ', ' order by memberships.rep_id)
            filter (where memberships.is_last and not memberships.was_before) as joined_en,
        string_agg(labels.rep_label, '、' order by memberships.rep_id)
            filter (where not memberships.is_last) as left_ja,
        string_agg(labels.rep_label, ', ' order by memberships.rep_id)
            filter (where not memberships.is_last) as left_en
    from memberships
    inner join labels on memberships.rep_id = labels.rep_id
    group by
        memberships.period_type,
        memberships.period_start,
        memberships.scope_type,
        memberships.scope_key
    having bool_or(memberships.was_before)

),

-- A rep's own team, and the last other one of the days before.
moves as (

    select
        windows.period_type,
        windows.period_start,
        rep_days.rep_id,
        arg_max(rep_days.team, rep_days.date) as team_now,
        arg_max(rep_days.team, rep_days.date)
            filter (where windows.time_window = 'trailing') as team_before
    from windows
    inner join rep_days on rep_days.date between windows.first_day and windows.last_day
    group by windows.period_type, windows.period_start, rep_days.rep_id

),

membership_notes as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        concat_ws('、', '加入：' || joined_ja, '離脱：' || left_ja) as note_ja,
        concat_ws('; ', 'joined: ' || joined_en, 'left: ' || left_en) as note_en
    from changes
    where joined_ja is not null or left_ja is not null

    union all

    select
        period_type,
        period_start,
        'rep' as scope_type,
        rep_id as scope_key,
        '異動：' || team_before || '→' || team_now as note_ja,
        'moved from ' || team_before || ' to ' || team_now as note_en
    from moves
    where team_now != team_before

),

joined as (

    select
        steps.*,
        coalesce(labels.rep_label, steps.scope_key) as label,
        shared.accepted_difference,
        -- nothing has no sign: 0 times less is no less
        case steps.part_of
            {% for factor in factors[:accepted | length] %}
            when '{{ factor }}'
                then if(shared.{{ factor }}_accepted_part = 0, 0, shared.{{ factor }}_accepted_part)
            {% endfor %}
        end as accepted_part,
        shared.wins_difference,
        case steps.part_of
            {% for factor in factors %}
            when '{{ factor }}' then if(shared.{{ factor }}_wins_part = 0, 0, shared.{{ factor }}_wins_part)
            {% endfor %}
        end as wins_part,
        case
            when steps.difference < 0 then 'below'
            when steps.difference > 0 then 'above'
        end as direction,
        case
            when steps.scope_type in ('channel', 'call_list')
                and steps.figure = 'connect_rate' and steps.is_notable and steps.difference < 0
                then steps.scope_key
            else carried.carrier
        end as carried_by,
        case
            when steps.scope_type in ('channel', 'call_list')
                and steps.figure = 'connect_rate' and steps.is_notable and steps.difference < 0
                then steps.scope_type
            else carried.carrier_type
        end as carried_by_scope,
        carried.carried_share,
        case when steps.benchmark in ('own_trailing', 'target') then membership_notes.note_ja end
            as membership_note_ja,
        case when steps.benchmark in ('own_trailing', 'target') then membership_notes.note_en end
            as membership_note_en
    from steps
    left join labels on case steps.scope_type when 'rep' then steps.scope_key end = labels.rep_id
    left join shared
        on
            {% for column in place + ['benchmark'] %}
            {{ 'and ' if not loop.first }}steps.{{ column }} = shared.{{ column }}
            {% endfor %}
    left join carried
        on
            case steps.figure when 'connect_rate' then steps.benchmark end = carried.benchmark
            {% for column in place %}
            and steps.{{ column }} = carried.{{ column }}
            {% endfor %}
    left join membership_notes
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}steps.{{ column }} = membership_notes.{{ column }}
            {% endfor %}

),

-- What is said of a low connect rate holds for the conversion beside it.
beside as (

    select
        * exclude (carried_by, carried_by_scope),
        coalesce(
            bool_or(is_notable and figure = 'connect_rate' and difference < 0) over beside, false
        ) as are_connects_low,
        max(carried_by) over beside as listed,
        max(carried_by_scope) over beside as listed_scope
    from joined
    window beside as (partition by {{ place | join(', ') }}, benchmark)

),

caused as (

    select
        *,
        case
            when not is_notable then null
            when direction = 'above' then 'strength'
            -- low where connects are low too: the people called, not the talk
            when
                {{ any_of('figure', ['connect_rate'] + conversions) | indent(16) }}
                and are_connects_low
                then case when listed is null then 'reach' else 'list_accuracy' end
            when
                {{ any_of('figure', conversions) | indent(16) }}
                and not {{ any_of('scope_type', people_scopes()) | indent(16) }}
                then 'lead_quality'
            {% for step, facts in steps.items() if facts.cause %}
            when figure = '{{ step }}' then '{{ facts.cause }}'
            {% endfor %}
        end as probable_cause,
        case when probable_cause = 'list_accuracy' then listed end as carried_by,
        case when probable_cause = 'list_accuracy' then listed_scope end as carried_by_scope
    from beside

),

worded as (

    select
        *,
        {{ period_words('ja') }} as period_ja,
        {{ period_words('en') }} as period_en,
        {{ scope_words('ja', 'label') }} as scope_ja,
        {{ scope_words('en', 'label') }} as scope_en,
        {{ words_of('figure', steps, 'ja') }} as step_ja,
        {{ words_of('figure', steps, 'en') }} as step_en,
        {{ benchmark_words('ja') }} as benchmark_ja,
        {{ benchmark_words('en') }} as benchmark_en,
        case kind
            when 'share' then {{ figure_text('value', "'ratio'") }} else {{ number_words('value') }}
        end as value_words,
        case kind
            when 'share' then {{ figure_text('benchmark_value', "'ratio'") }}
            else {{ number_words('benchmark_value') }}
        end as benchmark_value_words,
        {{ figure_text('numerator', "'count'") }}
        || '/' || {{ figure_text('denominator', "'count'") }} as counts_words,
        {{ words_of('probable_cause', causes, 'ja') }}
        || coalesce('（' || carried_by || '）', '') as cause_ja,
        {{ words_of('probable_cause', causes, 'en') }}
        || coalesce(' (' || carried_by || ')', '') as cause_en
    from caused

),

told as (

    select
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        figure as step,
        benchmark,
        status,
        numerator,
        denominator,
        value,
        benchmark_numerator,
        benchmark_denominator,
        benchmark_value,
        difference,
        chance_deviation,
        p_value,
        q_value,
        accepted_difference,
        accepted_part,
        wins_difference,
        wins_part,
        direction,
        is_notable as is_flagged,
        probable_cause,
        cause_ja,
        cause_en,
        carried_by,
        carried_by_scope,
        carried_share,
        membership_note_ja,
        membership_note_en,
        case
            when is_notable
                then
                    period_ja || ' ' || scope_ja || 'の' || step_ja || 'は' || value_words || '（'
                    || counts_words || '）で、' || benchmark_ja || 'の' || benchmark_value_words
                    || case direction when 'below' then 'を下回ります。' else 'を上回ります。' end
                    || case
                        when round(accepted_part, 1) != 0
                            then '有効商談にして' || format('{:+.1f}', accepted_part) || '件に相当します。'
                        else ''
                    end
                    || case
                        when direction = 'below' then '考えられる原因：' || cause_ja || '。'
                        else '強みとして共有できます。'
                    end
                    || coalesce('体制の変化（' || membership_note_ja || '）。', '')
        end as finding_ja,
        case
            when is_notable
                then
                    scope_en || ', ' || period_en || ': ' || step_en || ' was ' || value_words || ' ('
                    || counts_words || '), '
                    || case direction when 'below' then 'below ' else 'above ' end
                    || benchmark_en || ' at ' || benchmark_value_words || '.'
                    || case
                        when round(accepted_part, 1) != 0
                            then ' That stands for ' || format('{:+.1f}', accepted_part)
                            || ' accepted meetings.'
                        else ''
                    end
                    || case
                        when direction = 'below' then ' Probable cause: ' || cause_en || '.'
                        else ' A strength to learn from.'
                    end
                    || coalesce(' People changed (' || membership_note_en || ').', '')
        end as finding_en
    from worded

)

select * from told
