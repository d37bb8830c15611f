-- one row per period (quarter, fiscal year), motion and trait: what the top reps do differently
-- depends_on: {{ ref('dim_metrics') }}
{#- from how many people, expected outcomes and days on a comparison is tried #}
{%- set minimum_people = 4 %}
{%- set minimum_expected = 5 %}
{%- set minimum_days = 10 %}
{%- set minimum_each = 10 %}
{%- set minimum_keyword_calls = 20 %}
{%- set minimum_keyword_people = 3 %}
{#- traits that are metrics of the catalogue take their parts from there #}
{%- set metric_traits = [
    'talk_seconds_per_connect', 'key_person_share', 'turns_per_analysed_call', 'agent_talk_ratio',
    'hand_raise_share_within_same_day',
] %}
{%- set own_traits = [
    {
        'name': 'dials_per_working_day', 'unit': 'calls', 'above': 'dials', 'below': 'working_days',
        'ja': '稼働日あたり架電数', 'en': 'Dials per working day',
    },
    {
        'name': 'key_person_talk_seconds_per_connect', 'unit': 'seconds',
        'above': 'key_person_talk_seconds', 'below': 'timed_connects',
        'ja': '有効接触あたりキーパーソン会話秒数', 'en': 'Talk with key persons per connect',
    },
    {
        'name': 'attempts_per_lead', 'unit': 'calls', 'above': 'dials_to_persons', 'below': 'persons',
        'ja': '1人あたり架電回数', 'en': 'Dials per person dialled',
    },
] %}
{#- first hour of each band; the last one ends with the day #}
{%- set bands = [0, 9, 11, 13, 15, 17] %}
{%- for hour in bands %}
{%- set next = bands[loop.index] if not loop.last else 24 %}
{%- do own_traits.append({
    'name': 'dials_from_%02d_to_%02d_share' | format(hour, next), 'unit': 'ratio',
    'above': 'dials_from_%02d' | format(hour), 'below': 'dials_with_hour',
    'from': hour, 'to': next,
    'ja': '%d時〜%d時台の架電の割合' | format(hour, next - 1),
    'en': 'Share of dials from %d:00 to %d:00' | format(hour, next),
}) %}
{%- endfor %}
{#- of the daily counts these are added up per person #}
{%- set daily = [
    'dials', 'timed_connects', 'key_person_talk_seconds', 'connect_talk_seconds', 'key_person_connects',
    'known_title_connects', 'turns', 'calls_with_turns', 'agent_talk_seconds', 'conversation_seconds',
    'hand_raises_within_same_day', 'hand_raises_due_same_day',
] %}
{%- set scanned = ['dials_to_persons', 'persons', 'dials_with_hour', 'keyword_calls'] %}
{%- set who = ['period_type', 'period_start', 'motion', 'rep_id'] %}
with

metric_days as (

    select * from {{ ref('act_metric_days') }}
    where motion in ('sdr', 'bdr') and rep_id != '(unassigned)'

),

dates as (

    select * from {{ ref('act_dates') }}

),

periods as (

    select * from {{ ref('act_periods') }}
    where period_type in ('quarter', 'fiscal_year')

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

-- The CRM does not say when a call only it knows began.
calls as (

    select
        *,
        case when call_origin != 'crm' then started_hour end as dialled_hour
    from {{ ref('fct_calls') }}
    where is_dial and motion in ('sdr', 'bdr') and rep_id != '(unassigned)'

),

call_keywords as (

    select * from {{ ref('act_call_keywords') }}

),

webhook_files as (

    select file_id
    from {{ ref('act_files') }}
    where object_name = 'webhook_legs'

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}
    where scope_type = 'motion' and metric = 'dials'

),

rep_labels as (

    select
        rep_id,
        max_by(rep_label, valid_from) as rep_label
    from {{ ref('dim_reps') }}
    group by rep_id

),

-- Where nobody records what field sales accepts, the meetings themselves are the outcome.
outcomes as (

    select
        coalesce(bool_or(need_days.is_acceptance_met), false) as has_acceptance,
        case when has_acceptance then 'accepted' else 'meetings_acquired' end as outcome_metric,
        max(maturities.last_mature_on) filter (where maturities.maturity = 'decision')
            as decided_until
    from {{ ref('act_maturities') }} as maturities
    left join need_days on true

),

-- Absent is not zero: people are compared on the days their own exports cover.
days as (

    select
        metric_days.*,
        {{ are_calls_there(
            'need_days', 'coalesce(rep_days.has_cti, true)', 'not coalesce(rep_days.has_cti, true)'
        ) | indent(8) }} as is_call_day,
        need_days.is_sfa_events_met
        and need_days.is_shodan_event_met
        and (
            not outcomes.has_acceptance
            or (need_days.is_sfa_opportunities_met and metric_days.date <= outcomes.decided_until)
        ) as is_outcome_day,
        case
            when outcomes.has_acceptance then metric_days.accepted else metric_days.meetings_acquired
        end as outcome
    from metric_days
    cross join outcomes
    inner join need_days on metric_days.date = need_days.date
    left join rep_days
        on metric_days.rep_id = rep_days.rep_id and metric_days.date = rep_days.date

),

months as (

    select
        dates.month_start,
        dates.quarter_start,
        dates.fiscal_year_start,
        days.motion,
        days.rep_id,
        sum(case when days.is_outcome_day then days.outcome else 0 end) as outcome,
        sum(case
            when days.is_outcome_day then cast(days.working_days as decimal(38, 4))
            else 0
        end) as outcome_days,
        sum(case
            when days.is_call_day then cast(days.working_days as decimal(38, 4))
            else 0
        end) as working_days,
        {% for name in daily %}
        sum(case when days.is_call_day then cast(days.{{ name }} as decimal(38, 4)) else 0 end)
            as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    inner join dates on days.date = dates.date
    group by all

),

person_months as (

    {% for period_type in ['quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        *
    from months
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

people as (

    select
        {{ who | join(', ') }},
        sum(outcome) as outcome,
        sum(outcome_days) as outcome_days,
        sum(working_days) as working_days,
        {% for name in daily %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from person_months
    group by {{ who | join(', ') }}

),

-- How much more one person's months differ than chance alone would let them.
monthly_surprises as (

    select
        person_months.period_type,
        person_months.period_start,
        person_months.motion,
        people.outcome * {{ ratio('person_months.outcome_days', 'people.outcome_days') }} as expected,
        person_months.outcome
    from person_months
    inner join people
        on
            {% for column in who %}
            {{ 'and ' if not loop.first }}person_months.{{ column }} = people.{{ column }}
            {% endfor %}
    where
        people.outcome > 0
        and people.outcome_days >= {{ minimum_days }}
        and person_months.outcome_days > 0

),

persons_with_outcome as (

    select
        period_type,
        period_start,
        motion,
        count(*) as persons
    from people
    where outcome > 0 and outcome_days >= {{ minimum_days }}
    group by period_type, period_start, motion

),

lumpiness as (

    select
        monthly_surprises.period_type,
        monthly_surprises.period_start,
        monthly_surprises.motion,
        greatest(coalesce({{ ratio(
            'sum(cast(' ~ ratio('pow(monthly_surprises.outcome - monthly_surprises.expected, 2)', 'monthly_surprises.expected') ~ ' as decimal(38, 10)))',
            '(count(*) - max(persons_with_outcome.persons))'
        ) }}, 1), 1) as dispersion
    from monthly_surprises
    inner join persons_with_outcome
        on
            monthly_surprises.period_type = persons_with_outcome.period_type
            and monthly_surprises.period_start = persons_with_outcome.period_start
            and monthly_surprises.motion = persons_with_outcome.motion
    group by
        monthly_surprises.period_type, monthly_surprises.period_start, monthly_surprises.motion

),

compared_people as (

    select
        *,
        count(*) over everybody as people,
        outcome_days >= {{ minimum_days }} as is_compared,
        sum(outcome) over everybody as all_outcome,
        sum(outcome_days) over everybody as all_days,
        all_outcome * {{ ratio('outcome_days', 'all_days') }} as expected
    from people
    where outcome_days >= {{ minimum_days }}
    window everybody as (partition by period_type, period_start, motion)

),

-- Square roots of counts scatter evenly whatever their size.
judged_people as (

    select
        compared_people.*,
        coalesce(
            compared_people.people >= {{ minimum_people }}
            and compared_people.expected >= {{ minimum_expected }}
            and {{ ratio(
                '2 * (sqrt(compared_people.outcome) - sqrt(compared_people.expected))',
                'sqrt(lumpiness.dispersion * (1 - ' ~ ratio('compared_people.outcome_days', 'compared_people.all_days') ~ '))'
            ) }} > {{ normal_reach_of_the_best('compared_people.people') }},
            false
        ) as is_top
    from compared_people
    left join lumpiness
        on
            compared_people.period_type = lumpiness.period_type
            and compared_people.period_start = lumpiness.period_start
            and compared_people.motion = lumpiness.motion

),

groups as (

    select
        period_type,
        period_start,
        motion,
        max(people) as people,
        max(people) >= {{ minimum_people }} and max(expected) >= {{ minimum_expected }} as can_be_compared,
        count(*) filter (where is_top) as top_people,
        sum(outcome) filter (where is_top) as top_outcome,
        sum(outcome_days) filter (where is_top) as top_days,
        sum(outcome) filter (where not is_top) as others_outcome,
        sum(outcome_days) filter (where not is_top) as others_days,
        string_agg(rep_labels.rep_label, ', ' order by judged_people.rep_id)
            filter (where is_top) as top_reps
    from judged_people
    left join rep_labels on judged_people.rep_id = rep_labels.rep_id
    group by period_type, period_start, motion

),

-- The one scan of all calls: whom each person dialled in a quarter, and when in the day.
dialled as (

    select
        dates.quarter_start,
        dates.fiscal_year_start,
        calls.motion,
        calls.rep_id,
        calls.person_id,
        count(*) as dials,
        count(*) filter (where calls.has_analysis and webhook_files.file_id is not null) as keyword_calls,
        count(calls.dialled_hour) as dials_with_hour,
        {% for trait in own_traits if 'from' in trait %}
        count(*) filter (
            where calls.dialled_hour >= {{ trait.from }} and calls.dialled_hour < {{ trait.to }}
        ) as {{ trait.above }}{{ ',' if not loop.last }}
        {% endfor %}
    from calls
    inner join dates on calls.called_on = dates.date
    left join webhook_files on calls.source_file_id = webhook_files.file_id
    group by
        dates.quarter_start, dates.fiscal_year_start, calls.motion, calls.rep_id, calls.person_id

),

dialling as (

    {% for period_type in ['quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        motion,
        rep_id,
        count(distinct person_id) as persons,
        sum(dials) filter (where person_id is not null) as dials_to_persons,
        sum(keyword_calls) as keyword_calls,
        sum(dials_with_hour) as dials_with_hour,
        {% for trait in own_traits if 'from' in trait %}
        sum({{ trait.above }}) as {{ trait.above }}{{ ',' if not loop.last }}
        {% endfor %}
    from dialled
    group by period_start, motion, rep_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

measured as (

    select
        judged_people.*,
        {% for name in scanned %}
        coalesce(dialling.{{ name }}, 0) as {{ name }},
        {% endfor %}
        {% for trait in own_traits if 'from' in trait %}
        coalesce(dialling.{{ trait.above }}, 0) as {{ trait.above }}{{ ',' if not loop.last }}
        {% endfor %}
    from judged_people
    left join dialling
        on
            {% for column in who %}
            {{ 'and ' if not loop.first }}judged_people.{{ column }} = dialling.{{ column }}
            {% endfor %}

),

heard as (

    select
        dates.quarter_start,
        dates.fiscal_year_start,
        calls.motion,
        calls.rep_id,
        call_keywords.keyword,
        count(*) as calls
    from call_keywords
    inner join calls on call_keywords.call_id = calls.call_id
    inner join dates on calls.called_on = dates.date
    where calls.has_analysis
    group by all

),

heard_in_periods as (

    {% for period_type in ['quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        motion,
        rep_id,
        keyword,
        sum(calls) as calls
    from heard
    group by period_start, motion, rep_id, keyword
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- A word of the list comes up again and again, and with several people.
keywords as (

    select
        period_type,
        period_start,
        motion,
        keyword
    from heard_in_periods
    group by period_type, period_start, motion, keyword
    having sum(calls) >= {{ minimum_keyword_calls }} and count(*) >= {{ minimum_keyword_people }}

)
{% if execute %}
{% set traits = [] %}
{% for metric in catalogue_metrics() if metric.name in metric_traits %}
{% do traits.append({
    'name': metric.name, 'unit': metric.meta.unit, 'above': metric.numerator.name,
    'below': metric.denominator.name, 'ja': metric.meta.name_ja, 'en': metric.meta.name_en,
}) %}
{% endfor %}
{% set traits = traits + own_traits %}
,

traits as (

    select * from (
        values
        {% for trait in traits %}
        (
            {{ text_literal(trait.name) }},
            {{ text_literal('hour' if 'from' in trait else 'behaviour') }},
            {{ text_literal(trait.ja) }},
            {{ text_literal(trait.en) }},
            {{ text_literal(trait.unit) }}
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as traits (trait, trait_kind, trait_ja, trait_en, unit)

),

named_traits as (

    select
        groups.period_type,
        groups.period_start,
        groups.motion,
        traits.*
    from groups
    cross join traits

    union all

    select
        period_type,
        period_start,
        motion,
        'keyword:' || keyword as trait,
        'keyword' as trait_kind,
        '「' || keyword || '」が出た通話の割合' as trait_ja,
        'Share of calls with the keyword ' || keyword as trait_en,
        'ratio' as unit
    from keywords

),

person_traits as (

    {% for trait in traits %}
    select
        {{ who | join(', ') }},
        is_top,
        dials,
        '{{ trait.name }}' as trait,
        cast({{ trait.above }} as decimal(38, 4)) as above,
        cast({{ trait.below }} as decimal(38, 4)) as below
    from measured

    union all

    {% endfor %}
    select
        {% for column in who %}
        measured.{{ column }},
        {% endfor %}
        measured.is_top,
        measured.dials,
        'keyword:' || keywords.keyword as trait,
        cast(coalesce(heard_in_periods.calls, 0) as decimal(38, 4)) as above,
        cast(measured.keyword_calls as decimal(38, 4)) as below
    from measured
    inner join keywords
        on
            measured.period_type = keywords.period_type
            and measured.period_start = keywords.period_start
            and measured.motion = keywords.motion
    left join heard_in_periods
        on
            {% for column in who %}
            measured.{{ column }} = heard_in_periods.{{ column }} and
            {% endfor %}
            keywords.keyword = heard_in_periods.keyword

),

sides as (

    select
        period_type,
        period_start,
        motion,
        trait,
        is_top,
        count(*) as people,
        sum(dials) as dials,
        sum(above) as above,
        sum(below) as below,
        {{ ratio('sum(above)', 'sum(below)') }} as value,
        {{ ratio('sum(cast(pow(below, 2) as decimal(38, 4)))', 'pow(cast(sum(below) as double), 2)') }}
            as concentration
    from person_traits
    where below >= {{ minimum_each }}
    group by period_type, period_start, motion, trait, is_top

),

-- One person is one observation: people scatter about the value of their group.
scattered as (

    select
        person_traits.period_type,
        person_traits.period_start,
        person_traits.motion,
        person_traits.trait,
        sum(cast(
            pow({{ ratio('person_traits.above', 'person_traits.below') }} - sides.value, 2)
            as decimal(38, 15)
        )) as squares
    from person_traits
    inner join sides
        on
            person_traits.period_type = sides.period_type
            and person_traits.period_start = sides.period_start
            and person_traits.motion = sides.motion
            and person_traits.trait = sides.trait
            and person_traits.is_top = sides.is_top
    where person_traits.below >= {{ minimum_each }}
    group by
        person_traits.period_type, person_traits.period_start, person_traits.motion,
        person_traits.trait

),

contrasted as (

    select
        named_traits.*,
        tops.people as top_people,
        tops.dials as top_dials,
        tops.above as top_numerator,
        tops.below as top_denominator,
        tops.value as top_value,
        others.people as others_people,
        others.dials as others_dials,
        others.above as others_numerator,
        others.below as others_denominator,
        others.value as others_value,
        tops.value - others.value as difference,
        tops.people + others.people - 2 as freedom,
        -- the spread between people, freed of the weights of the group values
        sqrt({{ ratio(
            'cast(scattered.squares as double)',
            '(tops.people - 2 + tops.people * tops.concentration'
            ~ ' + others.people - 2 + others.people * others.concentration)'
        ) }}) * sqrt(tops.concentration + others.concentration) as standard_error
    from named_traits
    left join sides as tops
        on
            named_traits.period_type = tops.period_type
            and named_traits.period_start = tops.period_start
            and named_traits.motion = tops.motion
            and named_traits.trait = tops.trait
            and tops.is_top
    left join sides as others
        on
            named_traits.period_type = others.period_type
            and named_traits.period_start = others.period_start
            and named_traits.motion = others.motion
            and named_traits.trait = others.trait
            and not others.is_top
    left join scattered
        on
            named_traits.period_type = scattered.period_type
            and named_traits.period_start = scattered.period_start
            and named_traits.motion = scattered.motion
            and named_traits.trait = scattered.trait

),

tested as (

    select
        *,
        {{ ratio('difference', 'standard_error') }} as t,
        difference - {{ student_reach('freedom') }} * standard_error as difference_low,
        difference + {{ student_reach('freedom') }} * standard_error as difference_high
    from (
        select
            * exclude (freedom, standard_error),
            case when freedom >= 2 and standard_error > 0 then freedom end as freedom,
            case when freedom >= 2 and standard_error > 0 then standard_error end as standard_error
        from contrasted
    ) as spread

),

probable as (

    select
        *,
        {{ student_two_sided_p('t', 'freedom') }} as p_value
    from tested

),

corrected as (

    {{ with_false_discovery_q('probable', 'p_value') | indent(4) }}

),

placed as (

    select
        corrected.period_type,
        corrected.period_start,
        periods.period_end,
        periods.is_period_over,
        corrected.motion,
        corrected.trait,
        corrected.trait_kind,
        corrected.trait_ja,
        corrected.trait_en,
        corrected.unit,
        outcomes.outcome_metric,
        groups.people,
        groups.top_people as all_top_people,
        groups.top_reps,
        groups.can_be_compared,
        groups.top_outcome,
        groups.top_days,
        groups.others_outcome,
        groups.others_days,
        corrected.* exclude (
            period_type, period_start, motion, trait, trait_kind, trait_ja, trait_en, unit, t
        ),
        coalesce(
            groups.top_people > 0
            and corrected.q_value <= {{ false_discovery_limit() }}
            and scorecard.covered_days > 0,
            false
        ) as is_flagged,
        {{ figure_status(
            'coalesce(scorecard.covered_days, 0)',
            'coalesce(scorecard.uncovered_days, 0)',
            '(outcomes.has_acceptance and coalesce(periods.period_end > outcomes.decided_until, true))',
            'not groups.can_be_compared',
        ) | indent(8) }} as status
    from corrected
    cross join outcomes
    inner join periods
        on
            corrected.period_type = periods.period_type
            and corrected.period_start = periods.period_start
    inner join groups
        on
            corrected.period_type = groups.period_type
            and corrected.period_start = groups.period_start
            and corrected.motion = groups.motion
    left join scorecard
        on
            corrected.period_type = scorecard.period_type
            and corrected.period_start = scorecard.period_start
            and corrected.motion = scorecard.scope_key

),

final as (

    select
        period_type,
        period_start,
        period_end,
        is_period_over,
        motion,
        trait,
        trait_kind,
        trait_ja,
        trait_en,
        unit,
        outcome_metric,
        cast(people as bigint) as people_compared,
        top_reps,
        cast(all_top_people as bigint) as top_reps_count,
        cast(top_outcome as bigint) as top_outcome,
        cast(top_days as double) as top_outcome_days,
        {{ ratio('top_outcome', 'top_days') }} as top_outcome_per_day,
        cast(others_outcome as bigint) as others_outcome,
        cast(others_days as double) as others_outcome_days,
        {{ ratio('others_outcome', 'others_days') }} as others_outcome_per_day,
        cast(top_people as bigint) as top_people,
        cast(top_dials as bigint) as top_dials,
        cast(top_numerator as double) as top_numerator,
        cast(top_denominator as double) as top_denominator,
        cast(top_value as double) as top_value,
        cast(others_people as bigint) as others_people,
        cast(others_dials as bigint) as others_dials,
        cast(others_numerator as double) as others_numerator,
        cast(others_denominator as double) as others_denominator,
        cast(others_value as double) as others_value,
        cast(difference as double) as difference,
        cast(difference_low as double) as difference_low,
        cast(difference_high as double) as difference_high,
        cast(freedom as bigint) as degrees_of_freedom,
        cast(p_value as double) as p_value,
        cast(q_value as double) as q_value,
        status,
        case
            when not can_be_compared then '人数または成果の件数が足りず、比べられません'
            when all_top_people = 0 then '担当者間に確かな差はありません'
            when p_value is null then '上位者との比較に必要な件数が足りません'
            when is_flagged then '上位者はほかの担当者と確かに異なります'
            else '上位者とほかの担当者に確かな違いは見られません'
        end as verdict_ja,
        case
            when not can_be_compared then 'Too few people or outcomes to compare'
            when all_top_people = 0 then 'No reliable difference between people'
            when p_value is null then 'Too little of this trait to compare'
            when is_flagged then 'The top group reliably differs'
            else 'No reliable difference in this trait'
        end as verdict_en,
        is_flagged,
        case when is_flagged then
            {{ period_words('ja') }} || ' '
            || upper(motion) || 'の成果上位者（' || people || '人中' || all_top_people || '人）は「' || trait_ja || '」が'
            || {{ figure_text('top_value', 'unit', 'ja') }} || '、ほかの担当者は' || {{ figure_text('others_value', 'unit', 'ja') }}
            || 'で、差は' || {{ difference_text('difference', 'unit', 'ja') }} || '（95％区間 '
            || {{ difference_text('difference_low', 'unit', 'ja') }} || '〜' || {{ difference_text('difference_high', 'unit', 'ja') }} || '）です。'
        end as finding_ja,
        case when is_flagged then
            'Top ' || upper(motion) || 's (' || all_top_people || ' of ' || people || ' people), '
            || {{ period_words('en') }} || ': '
            || trait_en || ' ' || {{ figure_text('top_value', 'unit') }} || ', the others '
            || {{ figure_text('others_value', 'unit') }} || '; the difference is '
            || {{ difference_text('difference', 'unit') }} || ' (95 % interval '
            || {{ difference_text('difference_low', 'unit') }} || ' to ' || {{ difference_text('difference_high', 'unit') }} || ').'
        end as finding_en
    from placed

)

select * from final
{% else %}
select * from measured
{% endif %}
