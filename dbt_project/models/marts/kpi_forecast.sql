-- one row per running period, scope and additive metric that a manager looks at first or has a target
-- depends_on: {{ ref('act_forecast_days') }}
{% set levels = {'80': 1.2815515655446004, '95': 1.959963984540054} %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

periods as (

    select
        *,
        business_days - business_days_remaining as business_days_elapsed
    from {{ ref('act_plan_periods') }}
    where position = 'current'

),

maturities as (

    select * from {{ ref('act_maturities') }}

),

covered_days as (

    select * from {{ ref('act_covered_days') }}
    where is_covered

),

dates as (

    select * from {{ ref('act_dates') }}

),

rep_calendar as (

    select * from {{ ref('act_rep_calendar') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

metric_days as (

    select * from {{ ref('act_forecast_days') }}

),

metrics as (

    select
        *,
        coalesce(numerator, metric) as measure
    from {{ ref('dim_metrics') }}
    where
        is_additive
        and direction = 'up'

),

figures as (

    select
        scorecard.*,
        periods.business_days,
        periods.business_days_elapsed,
        periods.business_days_remaining,
        metrics.measure,
        metrics.needs,
        metrics.maturity,
        metrics.name_ja,
        metrics.name_en,
        metrics.unit
    from scorecard
    inner join periods
        on
            scorecard.period_type = periods.period_type
            and scorecard.period_start = periods.period_start
    inner join metrics on scorecard.metric = metrics.metric
    where
        (metrics.is_headline or scorecard.target is not null)
        and {{ any_of('scorecard.scope_type', day_scopes().keys()) | indent(8) }}

),

-- The pace is that of the last mature days: what still ripens would look slower than it is.
windows as (

    select
        needed.needs,
        needed.maturity,
        coalesce(maturities.last_mature_on, settings.as_of_date) as window_to,
        cast(
            coalesce(maturities.last_mature_on, settings.as_of_date) - settings.plan_forecast_days + 1
            as date
        ) as window_from
    from (select distinct needs, maturity from metrics) as needed
    cross join settings
    left join maturities on needed.maturity = maturities.maturity

),

-- How much of a day's work a day is: a rep's own working days, a group's business days with somebody on
-- the roster, else the calendar's.
roster_days as (

    select
        'rep' as scope_type,
        rep_id as scope_key,
        date,
        cast(working_day as decimal(38, 4)) as weight
    from rep_calendar

    {% for scope in ['business_unit', 'team', 'motion'] %}
    {% set column = scope_columns()[scope][0] %}
    union all

    select
        '{{ scope }}' as scope_type,
        {{ column }} as scope_key,
        date,
        cast(max(cast(is_business_day as integer)) as decimal(38, 4)) as weight
    from rep_calendar
    group by {{ column }}, date
    {% endfor %}

),

scopes as (

    select distinct
        scope_type,
        scope_key
    from figures

),

roster_scopes as (

    select distinct
        scope_type,
        scope_key
    from roster_days

),

ends as (

    select
        least(
            (select min(window_from) from windows),
            (select min(period_start) from periods)
        ) as first_day,
        (select max(period_end) from periods) as last_day

),

scope_days as (

    select
        scopes.scope_type,
        scopes.scope_key,
        roster_days.date,
        roster_days.weight
    from scopes
    inner join roster_days
        on
            scopes.scope_type = roster_days.scope_type
            and scopes.scope_key = roster_days.scope_key
    cross join ends
    where
        roster_days.weight > 0
        and roster_days.date between ends.first_day and ends.last_day

    union all

    select
        scopes.scope_type,
        scopes.scope_key,
        dates.date,
        cast(1 as decimal(38, 4)) as weight
    from scopes
    cross join ends
    inner join dates
        on
            dates.is_business_day
            and dates.date between ends.first_day and ends.last_day
    left join roster_scopes
        on
            scopes.scope_type = roster_scopes.scope_type
            and scopes.scope_key = roster_scopes.scope_key
    where roster_scopes.scope_key is null

),

-- the working days of each scope that the pace rests on
pace_days as (

    select
        scope_days.scope_type,
        scope_days.scope_key,
        windows.needs,
        windows.maturity,
        scope_days.date,
        scope_days.weight
    from windows
    inner join covered_days
        on
            windows.needs = covered_days.needs
            and covered_days.date between windows.window_from and windows.window_to
    inner join scope_days on covered_days.date = scope_days.date

),

pace_totals as (

    select
        scope_type,
        scope_key,
        needs,
        maturity,
        cast(count(*) as bigint) as pace_days,
        min(date) as pace_from,
        max(date) as pace_to,
        sum(weight) as weight
    from pace_days
    group by scope_type, scope_key, needs, maturity

),

counted_metrics as (

    select distinct
        scope_type,
        scope_key,
        metric,
        measure,
        needs,
        maturity
    from figures

),

counted_days as (

    select
        counted_metrics.scope_type,
        counted_metrics.scope_key,
        counted_metrics.metric,
        counted_metrics.needs,
        counted_metrics.maturity,
        metric_days.date,
        metric_days.value
    from counted_metrics
    inner join metric_days
        on
            counted_metrics.scope_type = metric_days.scope_type
            and counted_metrics.scope_key = metric_days.scope_key
            and counted_metrics.measure = metric_days.measure

),

-- what a weekend brings belongs to the working day before it
worked as (

    select
        counted_days.scope_type,
        counted_days.scope_key,
        counted_days.metric,
        pace_days.date,
        pace_days.weight,
        sum(cast(counted_days.value as decimal(38, 4))) as value
    from counted_days
    inner join windows
        on
            counted_days.needs = windows.needs
            and counted_days.maturity = windows.maturity
            and counted_days.date between windows.window_from and windows.window_to
    inner join covered_days
        on
            counted_days.needs = covered_days.needs
            and counted_days.date = covered_days.date
    asof inner join pace_days
        on
            counted_days.scope_type = pace_days.scope_type
            and counted_days.scope_key = pace_days.scope_key
            and counted_days.needs = pace_days.needs
            and counted_days.maturity = pace_days.maturity
            and counted_days.date >= pace_days.date
    group by
        counted_days.scope_type,
        counted_days.scope_key,
        counted_days.metric,
        pace_days.date,
        pace_days.weight

),

worked_totals as (

    select
        scope_type,
        scope_key,
        metric,
        cast(count(*) as bigint) as days_with_any,
        sum(value) as value,
        sum(
            cast(
                {{ ratio('cast(value as double) * cast(value as double)', 'cast(weight as double)') }}
                as decimal(38, 4)
            )
        ) as squares
    from worked
    group by scope_type, scope_key, metric

),

-- working days of the period that are to come, and those gone by whose cohorts still ripen
period_days as (

    select
        periods.period_type,
        scope_days.scope_type,
        scope_days.scope_key,
        windows.needs,
        windows.maturity,
        sum(scope_days.weight) as open_days,
        sum(case when scope_days.date > settings.as_of_date then scope_days.weight else 0 end)
            as days_remaining
    from periods
    cross join settings
    cross join windows
    inner join scope_days
        on
            periods.period_start <= scope_days.date
            and periods.period_end >= scope_days.date
            and windows.window_to < scope_days.date
    group by
        periods.period_type, scope_days.scope_type, scope_days.scope_key, windows.needs, windows.maturity

),

unripe as (

    select
        figures.period_type,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        sum(cast(counted_days.value as decimal(38, 4))) as value
    from figures
    inner join windows
        on
            figures.needs = windows.needs
            and figures.maturity = windows.maturity
    inner join counted_days
        on
            figures.scope_type = counted_days.scope_type
            and figures.scope_key = counted_days.scope_key
            and figures.metric = counted_days.metric
            and windows.window_to < counted_days.date
            and figures.period_start <= counted_days.date
            and figures.period_end >= counted_days.date
    where figures.maturity != 'none'
    group by figures.period_type, figures.scope_type, figures.scope_key, figures.metric

),

paced as (

    select
        figures.*,
        figures.maturity != 'none' as is_still_maturing,
        pace_totals.pace_from,
        pace_totals.pace_to,
        coalesce(pace_totals.pace_days, 0) as pace_days,
        cast(pace_totals.weight as double) as pace_weight,
        coalesce(worked_totals.days_with_any, 0) as days_with_any,
        cast(coalesce(period_days.open_days, 0) as double) as open_days,
        cast(coalesce(period_days.days_remaining, 0) as double) as days_remaining,
        figures.value - cast(coalesce(unripe.value, 0) as double) as ripe_value,
        {{ ratio('coalesce(worked_totals.value, 0)', 'pace_totals.weight') }} as pace_per_day,
        {{ ratio(
            'greatest(coalesce(worked_totals.squares, 0) - '
            ~ ratio('cast(coalesce(worked_totals.value, 0) as double) * cast(coalesce(worked_totals.value, 0) as double)', 'pace_totals.weight')
            ~ ', 0)',
            'pace_totals.pace_days - 1',
        ) }} as variance_per_day
    from figures
    left join pace_totals
        on
            figures.scope_type = pace_totals.scope_type
            and figures.scope_key = pace_totals.scope_key
            and figures.needs = pace_totals.needs
            and figures.maturity = pace_totals.maturity
    left join worked_totals
        on
            figures.scope_type = worked_totals.scope_type
            and figures.scope_key = worked_totals.scope_key
            and figures.metric = worked_totals.metric
    left join period_days
        on
            figures.period_type = period_days.period_type
            and figures.scope_type = period_days.scope_type
            and figures.scope_key = period_days.scope_key
            and figures.needs = period_days.needs
            and figures.maturity = period_days.maturity
    left join unripe
        on
            figures.period_type = unripe.period_type
            and figures.scope_type = unripe.scope_type
            and figures.scope_key = unripe.scope_key
            and figures.metric = unripe.metric

),

-- The days to come vary like the days gone by, and the mean of those is not known exactly either.
landing as (

    select
        *,
        case
            when open_days = 0 then value
            when pace_per_day is not null
                then greatest(ripe_value + open_days * pace_per_day, value)
        end as landing,
        -- days on which nothing ever happened do not tell how much they vary
        case
            when open_days = 0 then 0
            when days_with_any > 0
                then
                    sqrt(
                        variance_per_day
                        * (open_days + {{ ratio('open_days * open_days', 'pace_weight') }})
                    )
        end as landing_error
    from paced

),

bounded as (

    select
        *,
        {% for level, z in levels.items() %}
        case
            when landing_error is not null then greatest(landing - {{ z }} * landing_error, value)
        end as landing_low_{{ level }},
        landing + {{ z }} * landing_error as landing_high_{{ level }},
        {% endfor %}
        case
            when target > value and open_days > 0
                then {{ ratio('target - ripe_value', 'open_days') }}
            when target <= value then 0
        end as needed_per_day
    from landing

),

judged as (

    select
        *,
        case
            when target is null then 'no_target'
            when landing is null then 'unknown'
            when value >= target then 'reached'
            when landing >= target then 'on_course'
            when landing_high_80 >= target then 'at_risk'
            else 'off_course'
        end as outlook,
        {{ figure_status(
            'covered_days', 'uncovered_days', 'is_still_maturing', 'days_with_any < 10'
        ) | indent(8) }} as forecast_status
    from bounded

),

flagged as (

    select
        *,
        coalesce(
            scope_type in ('company', 'business_unit', 'team')
            and forecast_status in ('ok', 'maturing')
            and days_remaining > 0
            and outlook = 'off_course'
            and landing_high_95 < target,
            false
        ) as is_flagged,
        {{ counter_ja('unit') }} as counter
    from judged

),

read_aloud as (

    select
        *,
        case
            when value is null then name_ja || 'のデータがありません'
            when landing is null
                then name_ja || ' ' || {{ number_text('value') }} || counter || '（見込みを出せる実績がありません）'
            else
                name_ja || ' ' || {{ number_text('value') }} || counter || '、着地見込み '
                || {{ number_text('landing') }} || counter
                || coalesce(
                    '（80% の範囲 ' || {{ number_text('landing_low_80') }} || '〜'
                    || {{ number_text('landing_high_80') }} || '）',
                    ''
                )
                || case
                    when target is null then ''
                    when outlook = 'reached' then '。目標 ' || {{ number_text('target') }} || counter || 'に到達済み'
                    when open_days = 0
                        then
                            '。目標 ' || {{ number_text('target') }} || counter || 'に '
                            || {{ number_text('target - value') }} || counter || '不足'
                    when needed_per_day > pace_per_day
                        then
                            '。目標 ' || {{ number_text('target') }} || counter || 'には 1日あたり '
                            || {{ number_text('needed_per_day - pace_per_day') }} || counter || '足りません'
                    else '。目標 ' || {{ number_text('target') }} || counter || 'に届くペースです'
                end
                || case when is_still_maturing then '（判定待ちの商談が残っており、今後増えます）' else '' end
        end as reading_ja,
        case
            when value is null then name_en || ': no data'
            when landing is null
                then name_en || ': ' || {{ number_text('value') }} || ', nothing to forecast from'
            else
                name_en || ': ' || {{ number_text('value') }} || ', landing at '
                || {{ number_text('landing') }}
                || coalesce(
                    ' (80 %: ' || {{ number_text('landing_low_80') }} || ' to '
                    || {{ number_text('landing_high_80') }} || ')',
                    ''
                )
                || case
                    when target is null then ''
                    when outlook = 'reached'
                        then '; the target of ' || {{ number_text('target') }} || ' is reached'
                    when open_days = 0
                        then
                            '; ' || {{ number_text('target - value') }} || ' short of the target of '
                            || {{ number_text('target') }}
                    when needed_per_day > pace_per_day
                        then
                            '; ' || {{ number_text('needed_per_day - pace_per_day') }}
                            || ' a day short of the target of ' || {{ number_text('target') }}
                    else '; fast enough for the target of ' || {{ number_text('target') }}
                end
                || case
                    when is_still_maturing then ' (some outcomes are still open and will add to it)'
                    else ''
                end
        end as reading_en
    from flagged

),

final as (

    select
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        metric,
        value,
        target,
        attainment,
        business_days,
        business_days_elapsed,
        business_days_remaining,
        days_remaining,
        pacing_expected as expected_by_now,
        value - pacing_expected as ahead_by,
        pace_from,
        pace_to,
        pace_days,
        pace_per_day,
        needed_per_day,
        needed_per_day - pace_per_day as short_per_day,
        landing,
        landing_low_80,
        landing_high_80,
        landing_low_95,
        landing_high_95,
        {{ ratio('landing', 'target') }} as landing_attainment,
        is_still_maturing,
        outlook,
        forecast_status as status,
        reading_ja,
        reading_en,
        is_flagged,
        case
            when is_flagged
                then
                    {{ period_words('ja') }} || ' ' || {{ scope_words('ja', 'scope_key') }} || '：'
                    || reading_ja || '。'
        end as finding_ja,
        case
            when is_flagged
                then
                    {{ scope_words('en', 'scope_key') }} || ', ' || {{ period_words('en') }} || ': '
                    || reading_en || '.'
        end as finding_en
    from read_aloud

)

select * from final
