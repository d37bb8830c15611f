-- one row per period (month, quarter), scope (company, team) and headline metric: what the review asks
-- depends_on: {{ ref('act_periods') }}
{#- how far the review looks back, and from when on it says something #}
{%- set trend_periods = 6 %}
{%- set minimum_trend_periods = 4 %}
{%- set link_months = 12 %}
{%- set minimum_rep_months = 20 %}
{%- set minimum_days = 5 %}
{%- set weak_link = 0.1 %}
{%- set minimum_rep_months_of_none = 60 %}
{%- set place = ['period_type', 'period_start', 'scope_type', 'scope_key', 'metric'] %}
with

periods as (

    select
        *,
        row_number() over (partition by period_type order by period_start) as number
    from {{ ref('act_periods') }}
    where period_type in ('month', 'quarter')

),

last_months as (

    select max(period_start) as month_start
    from periods
    where period_type = 'month' and is_period_over

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

maturities as (

    select * from {{ ref('act_maturities') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

target_revisions as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        metric,
        count(*) - 1 as revisions,
        min_by(target, revision) as first_target
    from {{ ref('act_target_revisions') }}
    where has_begun
    group by period_type, period_start, scope_type, scope_key, metric

),

actions as (

    select * from {{ ref('act_improvement_actions') }}

)
{% if execute %}
{% set metrics = {} %}
{% for metric in catalogue_metrics() %}{% do metrics.update({metric.name: metric}) %}{% endfor %}
,

-- `sign` is the way a link should go: a falling no-show rate goes with more accepted meetings.
metrics as (

    select * from (
        values
        {% for metric in metrics.values() if metric.meta.headline %}
        {% set next = metrics.get(metric.meta.get('next_step')) %}
        (
            {{ text_literal(metric.name) }},
            {{ text_literal(metric.meta.name_ja) }},
            {{ text_literal(metric.meta.name_en) }},
            {{ text_literal(metric.meta.unit) }},
            {{ text_literal(metric.meta.direction) }},
            {{ text_literal(metric.meta.maturity) }},
            {{ text_literal(next.name if next else none) }},
            {{ text_literal(next.meta.name_ja if next else none) }},
            {{ text_literal(next.meta.name_en if next else none) }},
            {{ {'up': 1, 'down': -1}.get(metric.meta.direction, 0) * {'up': 1, 'down': -1}.get(next.meta.direction, 0) if next else 0 }}
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as metrics (metric, name_ja, name_en, unit, direction, maturity, next_metric, next_ja, next_en, sign)

),

-- Teams without inside sales have other goals.
reviewed_teams as (

    select distinct team
    from rep_days
    where motion in ('sdr', 'bdr')

),

-- A running period is judged by what was over before it.
figures as (

    select
        scorecard.*,
        periods.number,
        -- a fifth of the outcomes missing in the last point alone would look like a decline
        scorecard.status in ('ok', 'small_sample')
        and coalesce(scorecard.period_end <= maturities.last_settled_on, false) as is_settled,
        case when periods.is_period_over then periods.number else periods.number - 1 end
            as last_number,
        case
            when periods.is_period_over then {{ month_start('periods.period_end') }}
            else last_months.month_start
        end as link_month
    from scorecard
    cross join last_months
    inner join metrics on scorecard.metric = metrics.metric
    left join maturities on metrics.maturity = maturities.maturity
    inner join periods
        on
            scorecard.period_type = periods.period_type
            and scorecard.period_start = periods.period_start
    where
        scorecard.scope_type = 'company'
        or (scorecard.scope_type = 'team' and scorecard.scope_key in (select team from reviewed_teams))

),

-- Of the company the days of inside sales; all of them for what the whole company did.
worked as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        scope_type = 'company' as is_everybody,
        value
    from scorecard
    where
        metric = 'working_days'
        and scope_type in ('company', 'team')

    union all

    select
        period_type,
        period_start,
        'company' as scope_type,
        'company' as scope_key,
        false as is_everybody,
        sum(value) as value
    from scorecard
    where
        metric = 'working_days'
        and scope_type = 'motion'
        and scope_key in ('sdr', 'bdr')
    group by period_type, period_start

),

-- Only what is over, covered and settled says where things are going. Counts and amounts are looked at by
-- working day: neither a colleague who left nor a month of holidays is a trend.
points as (

    select
        figures.period_type,
        figures.period_start,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        cast(earlier.number - figures.last_number as double) as x,
        case
            when earlier.denominator is null then {{ ratio('earlier.value', 'worked.value') }}
            else earlier.value
        end as y
    from figures
    inner join figures as earlier
        on
            figures.period_type = earlier.period_type
            and figures.scope_type = earlier.scope_type
            and figures.scope_key = earlier.scope_key
            and figures.metric = earlier.metric
            and earlier.number between figures.last_number - {{ trend_periods - 1 }} and figures.last_number
    left join worked
        on
            earlier.period_type = worked.period_type
            and earlier.period_start = worked.period_start
            and earlier.scope_type = worked.scope_type
            and earlier.scope_key = worked.scope_key
            and (earlier.scope_type = 'company' and starts_with(earlier.metric, 'company_')) = worked.is_everybody
    where
        earlier.is_period_over
        and earlier.value is not null
        and (earlier.denominator is not null or worked.value > 0)
        and earlier.is_settled

),

centres as (

    select
        {{ place | join(', ') }},
        count(*) as trend_periods,
        {{ ratio('sum(x)', 'count(*)') }} as middle_x,
        {{ ratio('sum(y order by x)', 'count(*)') }} as middle_y
    from points
    group by {{ place | join(', ') }}

),

moments as (

    select
        {% for column in place %}
        points.{{ column }},
        {% endfor %}
        max(centres.trend_periods) as trend_periods,
        sum(pow(points.x - centres.middle_x, 2) order by points.x) as sxx,
        sum((points.x - centres.middle_x) * (points.y - centres.middle_y) order by points.x) as sxy,
        sum(pow(points.y - centres.middle_y, 2) order by points.x) as syy
    from points
    inner join centres
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}points.{{ column }} = centres.{{ column }}
            {% endfor %}
    group by
        {% for column in place %}
        points.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}

),

-- Least squares; points on one line have no error, whatever the last digits say.
slopes as (

    select
        *,
        trend_periods - 2 as freedom,
        {{ ratio('sxy', 'sxx') }} as slope,
        syy - sxy * {{ ratio('sxy', 'sxx') }} as unexplained,
        case
            when unexplained <= 1e-12 * syy then 0
            else sqrt({{ ratio('unexplained', '((trend_periods - 2) * sxx)') }})
        end as slope_error
    from moments
    where trend_periods >= {{ minimum_trend_periods }}

),

trends as (

    select
        *,
        slope - {{ student_reach('freedom') }} * slope_error as slope_low,
        slope + {{ student_reach('freedom') }} * slope_error as slope_high,
        case
            when slope_error > 0 then {{ student_two_sided_p(ratio('slope', 'slope_error'), 'freedom') }}
            when slope != 0 then 0
        end as trend_p
    from slopes

),

-- Months in which somebody really did inside sales; who changed the team counts for the company alone.
working_months as (

    select
        rep_days.rep_id,
        dates.month_start,
        case when count(distinct rep_days.team) = 1 then max(rep_days.team) end as team,
        sum(
            case
                when rep_days.motion in ('sdr', 'bdr') then cast(rep_days.working_day as decimal(38, 4))
                else 0
            end
        ) as days
    from rep_days
    inner join dates on rep_days.date = dates.date
    group by rep_days.rep_id, dates.month_start
    having days >= {{ minimum_days }}

),

-- Counts by working day: whoever works more does more of everything, and that links nothing.
rep_figures as (

    select
        scorecard.scope_key as rep_id,
        scorecard.period_start as month_start,
        scorecard.metric,
        case
            when scorecard.denominator is null then {{ ratio('scorecard.value', 'working_months.days') }}
            else scorecard.value
        end as value,
        working_months.team
    from scorecard
    inner join working_months
        on
            scorecard.scope_key = working_months.rep_id
            and scorecard.period_start = working_months.month_start
    where
        scorecard.period_type = 'month'
        and scorecard.scope_type = 'rep'
        and scorecard.is_period_over
        and scorecard.status = 'ok'
        and scorecard.value is not null

),

pairs as (

    select
        rep_figures.month_start,
        rep_figures.team,
        rep_figures.metric,
        rep_figures.value as x,
        next_figures.value as y
    from rep_figures
    inner join metrics on rep_figures.metric = metrics.metric and metrics.sign != 0
    inner join rep_figures as next_figures
        on
            rep_figures.rep_id = next_figures.rep_id
            and rep_figures.month_start = next_figures.month_start
            and metrics.next_metric = next_figures.metric

),

ends as (

    select distinct period_start as month_start
    from scorecard
    where period_type = 'month' and is_period_over

),

windowed as (

    select
        ends.month_start as last_month,
        scopes.scope_type,
        case scopes.scope_type when 'company' then 'company' else pairs.team end as scope_key,
        pairs.metric,
        pairs.x,
        pairs.y
    from ends
    inner join pairs
        on
            pairs.month_start <= ends.month_start
            and pairs.month_start > {{ add_months('ends.month_start', -link_months) }}
    cross join (values ('company'), ('team')) as scopes (scope_type)
    where scopes.scope_type = 'company' or pairs.team is not null

),

-- Twice the rank, those who tie sharing the mean of theirs: whole numbers, so sums are exact.
ranked as (

    select
        last_month,
        scope_type,
        scope_key,
        metric,
        2 * rank() over (partition by last_month, scope_type, scope_key, metric order by x)
        + count(*) over (partition by last_month, scope_type, scope_key, metric, x) as rank_x,
        2 * rank() over (partition by last_month, scope_type, scope_key, metric order by y)
        + count(*) over (partition by last_month, scope_type, scope_key, metric, y) as rank_y
    from windowed

),

rank_sums as (

    select
        last_month,
        scope_type,
        scope_key,
        metric,
        count(*) as rep_months,
        count(*) * sum(rank_x * rank_y) - sum(rank_x) * sum(rank_y) as covariance,
        count(*) * sum(rank_x * rank_x) - sum(rank_x) * sum(rank_x) as variance_x,
        count(*) * sum(rank_y * rank_y) - sum(rank_y) * sum(rank_y) as variance_y
    from ranked
    group by last_month, scope_type, scope_key, metric

),

correlations as (

    select
        *,
        rep_months - 2 as freedom,
        greatest(-1, least(1, {{ ratio(
            'covariance', '(sqrt(cast(variance_x as double)) * sqrt(cast(variance_y as double)))'
        ) }})) as correlation,
        -- the interval of Fisher's transform, with the error of ranks (Fieller)
        1.959963984540054 * sqrt({{ ratio('1.06', '(rep_months - 3)') }}) as reach
    from rank_sums
    where rep_months >= {{ minimum_rep_months }}

),

bounded as (

    select
        *,
        tanh(atanh(least(greatest(correlation, -0.999999), 0.999999)) - reach) as correlation_low,
        tanh(atanh(least(greatest(correlation, -0.999999), 0.999999)) + reach) as correlation_high,
        case
            when correlation is null then null
            when abs(correlation) >= 1 then 0
            else {{ student_two_sided_p(
                '(correlation * sqrt(' ~ ratio('freedom', '(1 - correlation * correlation)') ~ '))', 'freedom'
            ) }}
        end as link_p
    from correlations

),

links as (

    {{ with_false_discovery_q('bounded', 'link_p') | indent(4) }}

),

begun_actions as (

    select
        figures.period_type,
        figures.period_start,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        count(*) as actions_begun,
        string_agg(actions.action_id, ', ' order by actions.action_id) as action_ids
    from figures
    inner join actions
        on
            figures.scope_type = actions.scope_type
            and figures.scope_key = actions.scope_key
            and figures.metric = actions.metric
            and actions.from_date between figures.period_start and figures.period_end
    group by all

),

reviewed as (

    select
        figures.period_type,
        figures.period_start,
        figures.period_end,
        figures.is_period_over,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        metrics.name_ja as metric_ja,
        metrics.name_en as metric_en,
        metrics.unit,
        metrics.direction,
        figures.value,
        figures.target,
        figures.attainment,
        case metrics.direction
            when 'up' then figures.value < figures.target
            when 'down' then figures.value > figures.target
        end as is_target_missed,
        figures.status,
        figures.is_settled,
        coalesce(centres.trend_periods, 0) as trend_periods,
        figures.denominator is null as is_by_working_day,
        {% for end in ['slope', 'slope_low', 'slope_high'] %}
        {{ ratio('trends.' ~ end, 'centres.middle_y') }} as relative_{{ end }},
        {% endfor %}
        trends.slope,
        trends.slope_low,
        trends.slope_high,
        trends.trend_p,
        case
            when trends.slope is null then 'unknown'
            when trends.slope_low > 0 then 'rising'
            when trends.slope_high < 0 then 'falling'
            else 'no clear trend'
        end as trend,
        metrics.next_metric,
        metrics.next_ja,
        metrics.next_en,
        metrics.sign,
        coalesce(rank_sums.rep_months, 0) as rep_months,
        links.correlation,
        links.correlation_low,
        links.correlation_high,
        links.link_p,
        links.q_value as link_q,
        case
            when metrics.sign = 0 then 'not tested'
            when links.link_p is null then 'too few rep-months'
            when links.q_value <= {{ false_discovery_limit() }} and links.correlation * metrics.sign > 0 then 'yes'
            else 'no evidence'
        end as earns_its_place,
        coalesce(target_revisions.revisions, 0) as target_revisions,
        target_revisions.first_target,
        coalesce(begun_actions.actions_begun, 0) as actions_begun,
        begun_actions.action_ids
    from figures
    inner join metrics on figures.metric = metrics.metric
    left join centres
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}figures.{{ column }} = centres.{{ column }}
            {% endfor %}
    left join trends
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}figures.{{ column }} = trends.{{ column }}
            {% endfor %}
    left join rank_sums
        on
            figures.link_month = rank_sums.last_month
            and figures.scope_type = rank_sums.scope_type
            and figures.scope_key = rank_sums.scope_key
            and figures.metric = rank_sums.metric
    left join links
        on
            rank_sums.last_month = links.last_month
            and rank_sums.scope_type = links.scope_type
            and rank_sums.scope_key = links.scope_key
            and rank_sums.metric = links.metric
    left join target_revisions
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}figures.{{ column }} = target_revisions.{{ column }}
            {% endfor %}
    left join begun_actions
        on
            {% for column in place %}
            {{ 'and ' if not loop.first }}figures.{{ column }} = begun_actions.{{ column }}
            {% endfor %}

),

-- Only a missed target asks whether things get worse.
asked as (

    select
        *,
        case
            when is_period_over and is_target_missed and is_settled then trend_p
        end as asked_p
    from reviewed

),

tested_trends as (

    {{ with_false_discovery_q('asked', 'asked_p') | indent(4) }}

),

judged as (

    select
        * exclude (q_value),
        q_value as trend_q,
        coalesce(
            q_value <= {{ false_discovery_limit() }}
            and (
                (direction = 'up' and trend = 'falling') or (direction = 'down' and trend = 'rising')
            ),
            false
        ) as is_missed_and_worsening,
        -- a KPI is the company's; no link is said only where even the best that fits many months would be weak
        coalesce(
            is_period_over
            and scope_type = 'company'
            and rep_months >= {{ minimum_rep_months_of_none }}
            and earns_its_place = 'no evidence'
            and case sign when 1 then correlation_high else -correlation_low end < {{ weak_link }},
            false
        ) as is_without_link
    from tested_trends

),

final as (

    select
        period_type,
        period_start,
        period_end,
        is_period_over,
        scope_type,
        scope_key,
        metric,
        value,
        target,
        attainment,
        is_target_missed,
        status,
        cast(trend_periods as bigint) as trend_periods,
        cast(slope as double) as trend_slope,
        cast(slope_low as double) as trend_slope_low,
        cast(slope_high as double) as trend_slope_high,
        cast(trend_p as double) as trend_p_value,
        cast(trend_q as double) as trend_q_value,
        trend,
        case trend
            when 'rising' then '上昇傾向'
            when 'falling' then '下降傾向'
            when 'no clear trend' then '明確な傾向なし'
            else '期間が足りず判断できません'
        end as trend_ja,
        case trend
            when 'rising' then 'Rising'
            when 'falling' then 'Falling'
            when 'no clear trend' then 'No clear trend'
            else 'Too few periods to say'
        end as trend_en,
        next_metric,
        cast(rep_months as bigint) as rep_months,
        cast(correlation as double) as rank_correlation,
        cast(correlation_low as double) as rank_correlation_low,
        cast(correlation_high as double) as rank_correlation_high,
        cast(link_p as double) as link_p_value,
        cast(link_q as double) as link_q_value,
        earns_its_place,
        case earns_its_place
            when 'yes' then '次の段階の成果と結び付いています'
            when 'no evidence' then '次の段階の成果との結び付きは確認できません'
            when 'too few rep-months' then '担当者×月の件数が足りず判断できません'
            else '次の段階がないため対象外です'
        end as earns_its_place_ja,
        case earns_its_place
            when 'yes' then 'It goes with the outcome one step later'
            when 'no evidence' then 'No evidence of a link with the outcome one step later'
            when 'too few rep-months' then 'Too few rep-months to say'
            else 'No step follows, so nothing is tested'
        end as earns_its_place_en,
        cast(target_revisions as bigint) as target_revisions,
        first_target,
        cast(actions_begun as bigint) as actions_begun,
        action_ids,
        is_missed_and_worsening or is_without_link as is_flagged,
        case when is_missed_and_worsening or is_without_link then
            {{ period_words('ja') }} || ' ' || {{ scope_words('ja', 'scope_key') }}
            || case when is_missed_and_worsening then
                '：' || metric_ja || 'は' || {{ figure_text('value', 'unit', 'ja') }} || 'で目標'
                || {{ figure_text('target', 'unit', 'ja') }}
                || case direction when 'down' then 'を超え（目標比' else 'に届かず（達成率' end
                || coalesce({{ figure_text('attainment', "'ratio'") }}, '–') || '）、直近' || trend_periods || '期は'
                || case when is_by_working_day then '稼働日あたりで' else '' end || '1期ごとに平均水準の'
                || {{ figure_text('relative_slope', "'ratio'") }} || '（95％区間 '
                || {{ figure_text('relative_slope_low', "'ratio'") }} || '〜'
                || {{ figure_text('relative_slope_high', "'ratio'") }} || '）と悪化しています。'
            else '' end
            || case when is_without_link then
                '：' || metric_ja || 'は、担当者×月' || rep_months || '件で「' || next_ja
                || '」と結び付きが見られません（順位相関' || printf('%.2f', correlation) || '、95％区間 '
                || printf('%.2f', correlation_low) || '〜' || printf('%.2f', correlation_high)
                || '）。指標として残すか見直してください。'
            else '' end
        end as finding_ja,
        case when is_missed_and_worsening or is_without_link then
            {{ scope_words('en', 'scope_key') }} || ', ' || {{ period_words('en') }}
            || case when is_missed_and_worsening then
                ': ' || metric_en || ' at ' || {{ figure_text('value', 'unit') }} || ' misses its target of '
                || {{ figure_text('target', 'unit') }} || ' (' || coalesce({{ figure_text('attainment', "'ratio'") }}, '–')
                || ') and has been getting worse' || case when is_by_working_day then ' per working day' else '' end
                || ', each of the last ' || trend_periods || ' periods by ' || {{ figure_text('relative_slope', "'ratio'") }}
                || ' of its level (95 % interval ' || {{ figure_text('relative_slope_low', "'ratio'") }} || ' to '
                || {{ figure_text('relative_slope_high', "'ratio'") }} || ').'
            else '' end
            || case when is_without_link then
                ': over ' || rep_months || ' rep-months ' || metric_en || ' shows no link with ' || next_en
                || ' (rank correlation ' || printf('%.2f', correlation) || ', 95 % interval '
                || printf('%.2f', correlation_low) || ' to ' || printf('%.2f', correlation_high)
                || '): ask whether it should stay a KPI.'
            else '' end
        end as finding_en
    from judged

)

select * from final
{% else %}
select * from working_months
{% endif %}
