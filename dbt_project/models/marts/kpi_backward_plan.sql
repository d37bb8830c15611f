-- one row per period, scope, KGI, rate basis and step of the way back from the goal to the first dial
with

settings as (

    select * from {{ ref('act_settings') }}

),

periods as (

    select * from {{ ref('act_plan_periods') }}
    where period_type != 'week'

),

month_days as (

    select
        period_start,
        business_days
    from {{ ref('act_periods') }}
    where
        period_type = 'month'
        and is_period_over

),

targets as (

    select * from {{ ref('act_targets') }}

),

factors as (

    select * from {{ ref('act_success_factors') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}
    where scope_type in ('company', 'team', 'rep')

),

known_periods as (

    select distinct
        period_type,
        period_start
    from scorecard

),

own_rates as (

    select * from {{ ref('act_plan_rates') }}

),

metric_names as (

    select * from {{ ref('dim_metrics') }}

),

rep_calendar as (

    select * from {{ ref('act_rep_calendar') }}
    where motion in ('sdr', 'bdr')

),

-- Days of inside sales' people, absences known today taken off: what is there to work with.
rep_period_days as (

    select
        periods.period_type,
        periods.period_start,
        rep_calendar.rep_id,
        rep_calendar.team,
        sum(cast(rep_calendar.working_day as decimal(38, 4))) as working_days,
        sum(
            case
                when rep_calendar.is_as_of_or_before then 0
                else cast(rep_calendar.working_day as decimal(38, 4))
            end
        ) as working_days_remaining
    from periods
    inner join rep_calendar
        on rep_calendar.date between periods.period_start and periods.period_end
    group by periods.period_type, periods.period_start, rep_calendar.rep_id, rep_calendar.team

),

people_days as (

    select
        period_type,
        period_start,
        case
            when grouping(rep_id) = 0 then 'rep'
            when grouping(team) = 0 then 'team'
            else 'company'
        end as scope_type,
        case
            when grouping(rep_id) = 0 then rep_id
            when grouping(team) = 0 then team
            else 'company'
        end as scope_key,
        sum(working_days) as working_days,
        sum(working_days_remaining) as working_days_remaining
    from rep_period_days
    group by
        grouping sets (
            (period_type, period_start),
            (period_type, period_start, team),
            (period_type, period_start, rep_id)
        )

)
{% if execute %}
{% set steps = plan_steps() %}
{% set rated = steps | rejectattr('rate', 'none') | list %}
,

steps as (

    select * from (
        values
        {% for step in steps %}
        (
            cast({{ loop.index0 }} as bigint),
            '{{ step.step }}',
            {{ text_literal(step.rate) }},
            {{ text_literal(step.numerator if step.rate else none) }},
            {{ text_literal(step.denominator if step.rate else none) }},
            cast({{ step.minimum_sample if step.rate else 0 }} as bigint),
            {{ (step.is_proportion if step.rate else false) | lower }}
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as steps (
        step_number,
        step,
        rate_metric,
        numerator_metric,
        denominator_metric,
        minimum_sample,
        is_proportion
    )

),

-- The goal is what planning's success factors hang on; without any, the won amounts that have a target.
named_goals as (

    select distinct factors.kgi_metric
    from factors
    inner join steps on factors.kgi_metric = steps.step

),

goals as (

    select kgi_metric from named_goals

    union

    select targets.metric as kgi_metric
    from targets
    where
        targets.scope_type = 'company'
        and targets.metric in ('won_amount_yen', 'company_won_amount_yen')
        and not exists (select 1 from named_goals)

),

kgis as (

    select
        goals.kgi_metric,
        steps.step_number as kgi_number
    from goals
    inner join steps on goals.kgi_metric = steps.step

),

goal_targets as (

    select targets.*
    from targets
    inner join kgis on targets.metric = kgis.kgi_metric
    where targets.scope_type in ('company', 'team', 'rep')

),

places as (

    select
        periods.period_type,
        periods.period_start,
        'company' as scope_type,
        'company' as scope_key
    from periods
    -- before the first day anything is known about, nothing was planned
    left join known_periods
        on
            periods.period_type = known_periods.period_type
            and periods.period_start = known_periods.period_start
    where
        periods.position != 'previous'
        or known_periods.period_start is not null

    union

    select
        period_type,
        period_start,
        scope_type,
        scope_key
    from people_days
    where working_days > 0

    union

    select
        goal_targets.period_type,
        goal_targets.period_start,
        goal_targets.scope_type,
        goal_targets.scope_key
    from goal_targets
    inner join periods
        on
            goal_targets.period_type = periods.period_type
            and goal_targets.period_start = periods.period_start
    inner join own_rates
        on
            goal_targets.scope_type = own_rates.scope_type
            and goal_targets.scope_key = own_rates.scope_key

),

aimed as (

    select
        places.period_type,
        places.period_start,
        places.scope_type,
        places.scope_key,
        kgis.kgi_metric,
        kgis.kgi_number,
        coalesce(people_days.working_days, 0) as working_days,
        coalesce(people_days.working_days_remaining, 0) as working_days_remaining,
        own_targets.target as own_target,
        company_targets.target as company_target,
        {{ ratio('coalesce(people_days.working_days, 0)', 'company_days.working_days') }}
            as share_of_working_days
    from places
    cross join kgis
    left join people_days
        on
            places.period_type = people_days.period_type
            and places.period_start = people_days.period_start
            and places.scope_type = people_days.scope_type
            and places.scope_key = people_days.scope_key
    left join people_days as company_days
        on
            places.period_type = company_days.period_type
            and places.period_start = company_days.period_start
            and company_days.scope_type = 'company'
    left join goal_targets as own_targets
        on
            places.period_type = own_targets.period_type
            and places.period_start = own_targets.period_start
            and places.scope_type = own_targets.scope_type
            and places.scope_key = own_targets.scope_key
            and kgis.kgi_metric = own_targets.metric
    left join goal_targets as company_targets
        on
            places.period_type = company_targets.period_type
            and places.period_start = company_targets.period_start
            and company_targets.scope_type = 'company'
            and kgis.kgi_metric = company_targets.metric

),

-- a people's line without any goal says nothing; the company's says that there is none
aims as (

    select
        *,
        coalesce(own_target, company_target * share_of_working_days) as goal,
        case
            when own_target is not null then 'own_target'
            when company_target is not null then 'share_of_company'
            else 'none'
        end as goal_source,
        case
            when scope_type = 'company' then 1
            when own_target is null then share_of_working_days
        end as goal_share
    from aimed
    where
        scope_type = 'company'
        or own_target is not null
        or (company_target is not null and working_days > 0)

),

{% for step in rated %}
-- {{ step.rate }}: the scope's own where its sample is large enough, else the company's
rate_{{ loop.index }} as (

    select
        scopes.scope_type,
        scopes.scope_key,
        case
            when coalesce(own.sample, 0) >= {{ step.minimum_sample }} then 'own'
            when company.sample > 0 and scopes.scope_type != 'company' then 'company'
            when own.sample > 0 then 'own'
            else 'none'
        end as source,
        own.numerator as own_numerator,
        own.denominator as own_denominator,
        own.sample as own_sample,
        company.numerator as company_numerator,
        company.denominator as company_denominator,
        company.sample as company_sample,
        coalesce(own.window_from, company.window_from) as window_from,
        coalesce(own.window_to, company.window_to) as window_to
    from (select distinct scope_type, scope_key from aims) as scopes
    left join own_rates as own
        on
            scopes.scope_type = own.scope_type
            and scopes.scope_key = own.scope_key
            and own.rate = '{{ step.rate }}'
    left join own_rates as company
        on company.scope_type = 'company' and company.rate = '{{ step.rate }}'

),

{% endfor %}
rates as (

    {% for step in rated %}
    select
        '{{ step.rate }}' as rate_metric,
        scope_type,
        scope_key,
        source,
        case source when 'own' then own_numerator when 'company' then company_numerator end as numerator,
        case source when 'own' then own_denominator when 'company' then company_denominator end
            as denominator,
        case source when 'own' then own_sample when 'company' then company_sample end as sample,
        window_from,
        window_to
    from rate_{{ loop.index }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

planned_rates as (

    select
        aims.period_type,
        aims.period_start,
        aims.scope_type,
        aims.scope_key,
        aims.kgi_metric,
        steps.rate_metric,
        coalesce(own_targets.target, company_targets.target) as rate,
        case when own_targets.target is not null then 'target' else 'company_target' end as source
    from aims
    inner join steps
        on
            steps.rate_metric is not null
            and steps.step_number > aims.kgi_number
    left join targets as own_targets
        on
            aims.period_type = own_targets.period_type
            and aims.period_start = own_targets.period_start
            and aims.scope_type = own_targets.scope_type
            and aims.scope_key = own_targets.scope_key
            and steps.rate_metric = own_targets.metric
    left join targets as company_targets
        on
            aims.period_type = company_targets.period_type
            and aims.period_start = company_targets.period_start
            and company_targets.scope_type = 'company'
            and steps.rate_metric = company_targets.metric
    where coalesce(own_targets.target, company_targets.target) is not null

),

based as (

    select
        aims.*,
        'mature' as rate_basis
    from aims

    union all

    select
        aims.*,
        'planned' as rate_basis
    from aims
    where
        exists (
            select 1
            from planned_rates
            where
                aims.period_type = planned_rates.period_type
                and aims.period_start = planned_rates.period_start
                and aims.scope_type = planned_rates.scope_type
                and aims.scope_key = planned_rates.scope_key
                and aims.kgi_metric = planned_rates.kgi_metric
        )

),

-- every step of every way, with the rate it is reached by
stepped as (

    select
        based.*,
        steps.step_number,
        steps.step,
        steps.rate_metric,
        steps.numerator_metric,
        steps.denominator_metric,
        steps.minimum_sample,
        steps.is_proportion,
        steps.step_number > based.kgi_number as has_rate,
        case
            when steps.step_number <= based.kgi_number then 'goal'
            when planned_rates.rate is not null then planned_rates.source
            else coalesce(rates.source, 'none')
        end as rate_source,
        case
            when steps.step_number > based.kgi_number
                then
                    coalesce(planned_rates.rate, {{ ratio('rates.numerator', 'rates.denominator') }})
        end as rate,
        case when planned_rates.rate is null then rates.numerator end as rate_numerator,
        case when planned_rates.rate is null then rates.denominator end as rate_denominator,
        case when planned_rates.rate is null then rates.sample end as rate_sample,
        case when planned_rates.rate is null then rates.window_from end as rate_from,
        case when planned_rates.rate is null then rates.window_to end as rate_to
    from based
    inner join steps on steps.step_number >= based.kgi_number
    left join rates
        on
            based.scope_type = rates.scope_type
            and based.scope_key = rates.scope_key
            and case when steps.step_number > based.kgi_number then steps.rate_metric end
            = rates.rate_metric
    left join planned_rates
        on
            based.period_type = planned_rates.period_type
            and based.period_start = planned_rates.period_start
            and based.scope_type = planned_rates.scope_type
            and based.scope_key = planned_rates.scope_key
            and case based.rate_basis when 'planned' then based.kgi_metric end = planned_rates.kgi_metric
            and steps.rate_metric = planned_rates.rate_metric

),

-- the rates of one way side by side, so that what a step asks for is one chain of ratios
side_by_side as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        kgi_metric,
        kgi_number,
        rate_basis,
        goal,
        {% for step in rated %}
        max(case when step = '{{ step.step }}' then rate end) as rate_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from stepped
    group by
        period_type, period_start, scope_type, scope_key, kgi_metric, kgi_number, rate_basis, goal

),

{% for step in steps %}
{% set before = loop.index0 - 1 %}
required_{{ loop.index0 }} as (

    select
        {{ 'side_by_side' if loop.first else 'required_' ~ before }}.*,
        {% if loop.first %}
        case when kgi_number = 0 then goal end as required_0
        {% else %}
        case
            when kgi_number = {{ loop.index0 }} then goal
            when kgi_number < {{ loop.index0 }}
                then
                    {% if step.is_share %}
                    required_{{ before }} * rate_{{ loop.index0 }}
                    {% else %}
                    {{ ratio('required_' ~ before, 'rate_' ~ loop.index0) }}
                    {% endif %}
        end as required_{{ loop.index0 }}
        {% endif %}
    from {{ 'side_by_side' if loop.first else 'required_' ~ before }}

),

{% endfor %}
required as (

    {% for step in steps %}
    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        kgi_metric,
        rate_basis,
        '{{ step.step }}' as step,
        required_{{ loop.index0 }} as required
    from required_{{ steps | length - 1 }}
    where kgi_number <= {{ loop.index0 }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- What whole months with nothing missing, all decided, have shown that can be done.
month_figures as (

    select
        scorecard.scope_type,
        scorecard.scope_key,
        scorecard.period_start,
        scorecard.metric,
        scorecard.value,
        scorecard.denominator,
        month_days.business_days
    from scorecard
    inner join month_days on scorecard.period_start = month_days.period_start
    where
        scorecard.period_type = 'month'
        and scorecard.status = 'ok'

),

month_rates as (

    select
        month_figures.scope_type,
        month_figures.scope_key,
        month_figures.period_start,
        steps.rate_metric,
        month_figures.value as rate
    from month_figures
    inner join steps on month_figures.metric = steps.rate_metric
    where month_figures.value is not null

    union all

    select
        numerators.scope_type,
        numerators.scope_key,
        numerators.period_start,
        steps.rate_metric,
        {{ ratio('numerators.value', 'denominators.value') }} as rate
    from steps
    inner join month_figures as numerators on steps.numerator_metric = numerators.metric
    inner join month_figures as denominators
        on
            steps.denominator_metric = denominators.metric
            and numerators.scope_type = denominators.scope_type
            and numerators.scope_key = denominators.scope_key
            and numerators.period_start = denominators.period_start
    where
        not steps.is_proportion
        and denominators.value >= steps.minimum_sample

),

best_rates as (

    select
        scope_type,
        scope_key,
        rate_metric,
        rate as best_rate,
        period_start as best_rate_month
    from month_rates
    qualify
        row_number() over (
            partition by scope_type, scope_key, rate_metric order by rate desc, period_start
        ) = 1

),

best_paces as (

    select
        scope_type,
        scope_key,
        metric,
        {{ ratio('value', 'business_days') }} as best_per_business_day,
        period_start as best_month
    from month_figures
    where business_days > 0
    qualify
        row_number() over (
            partition by scope_type, scope_key, metric
            order by {{ ratio('value', 'business_days') }} desc, period_start
        ) = 1

),

counted as (

    select
        stepped.*,
        periods.period_end,
        periods.position,
        periods.period_end <= settings.as_of_date as is_period_over,
        periods.business_days,
        periods.business_days_remaining,
        required.required,
        actuals.value as actual,
        actuals.status as actual_status,
        step_targets.target as step_target,
        best_rates.best_rate,
        best_rates.best_rate_month,
        best_paces.best_per_business_day,
        best_paces.best_month,
        metric_names.name_ja,
        metric_names.name_en,
        metric_names.unit,
        case
            -- where exports are missing nobody knows what is there already
            when required.required is not null and actuals.status is distinct from 'unavailable'
                then greatest(required.required - coalesce(actuals.value, 0), 0)
        end as still_required,
        -- a way is as good as its weakest rate so far
        coalesce(
            bool_or(stepped.has_rate and stepped.rate_source in ('own', 'company')
            and coalesce(stepped.rate_sample, 0) < stepped.minimum_sample) over (
                partition by
                    stepped.period_type,
                    stepped.period_start,
                    stepped.scope_type,
                    stepped.scope_key,
                    stepped.kgi_metric,
                    stepped.rate_basis
                order by stepped.step_number
            ),
            false
        ) as has_small_sample
    from stepped
    inner join periods
        on
            stepped.period_type = periods.period_type
            and stepped.period_start = periods.period_start
    inner join required
        on
            stepped.period_type = required.period_type
            and stepped.period_start = required.period_start
            and stepped.scope_type = required.scope_type
            and stepped.scope_key = required.scope_key
            and stepped.kgi_metric = required.kgi_metric
            and stepped.rate_basis = required.rate_basis
            and stepped.step = required.step
    cross join settings
    left join metric_names on stepped.step = metric_names.metric
    left join scorecard as actuals
        on
            stepped.period_type = actuals.period_type
            and stepped.period_start = actuals.period_start
            and stepped.scope_type = actuals.scope_type
            and stepped.scope_key = actuals.scope_key
            and stepped.step = actuals.metric
    left join targets as step_targets
        on
            stepped.period_type = step_targets.period_type
            and stepped.period_start = step_targets.period_start
            and stepped.scope_type = step_targets.scope_type
            and stepped.scope_key = step_targets.scope_key
            and stepped.step = step_targets.metric
    left join best_rates
        on
            stepped.scope_type = best_rates.scope_type
            and stepped.scope_key = best_rates.scope_key
            and case when stepped.has_rate then stepped.rate_metric end = best_rates.rate_metric
    left join best_paces
        on
            stepped.scope_type = best_paces.scope_type
            and stepped.scope_key = best_paces.scope_key
            and stepped.step = best_paces.metric

),

paced as (

    select
        *,
        case
            when business_days_remaining > 0
                then {{ ratio('still_required', 'business_days_remaining') }}
        end as per_business_day,
        case
            when business_days_remaining > 0
                then {{ ratio('still_required', 'working_days_remaining') }}
        end as per_working_day,
        -- of a period without a day left the pace it asked for as a whole
        case
            when business_days_remaining > 0
                then {{ ratio('still_required', 'business_days_remaining') }}
            else {{ ratio('required', 'business_days') }}
        end as asked_per_business_day,
        case
            when goal is null then 'no_target'
            when required is null then 'no_rate'
            when actual_status in ('unavailable', 'partial') then actual_status
            when has_small_sample then 'small_sample'
            else 'ok'
        end as status
    from counted

),

compared as (

    select
        *,
        case
            when
                rate_source in ('target', 'company_target') and best_rate is not null
                then rate > best_rate
        end as asks_for_higher_rate_than_ever,
        asked_per_business_day > best_per_business_day as asks_for_higher_pace_than_ever,
        {{ ratio('asked_per_business_day', 'best_per_business_day') }} as pace_against_best
    from paced

),

judged as (

    select
        *,
        case
            when
                asks_for_higher_rate_than_ever is not null
                or asks_for_higher_pace_than_ever is not null
                then
                    coalesce(asks_for_higher_rate_than_ever, false)
                    or coalesce(asks_for_higher_pace_than_ever, false)
        end as asks_for_more_than_ever
    from compared

),

-- One finding per way: the step that is furthest beyond anything done so far, and planned rates never reached.
flagged as (

    select
        *,
        scope_type = 'company'
        and status = 'ok'
        and not is_period_over
        and case rate_basis
            when 'planned' then coalesce(asks_for_higher_rate_than_ever, false)
            else
                coalesce(asks_for_higher_pace_than_ever, false)
                and row_number() over (
                    partition by
                        period_type, period_start, scope_type, scope_key, kgi_metric, rate_basis
                    order by pace_against_best desc nulls last, step_number
                ) = 1
        end as is_flagged
    from judged

),

-- people read what is asked of their own working days
spoken as (

    select
        *,
        case when scope_type = 'rep' then per_working_day else per_business_day end as asked_pace,
        case
            when scope_type = 'rep' then cast(working_days_remaining as double)
            else cast(business_days_remaining as double)
        end as days_to_go
    from flagged

),

told as (

    select
        *,
        {{ number_text('required') }} || ' ' || {{ counter_ja('unit') }} as required_ja,
        {{ number_text('required') }} as required_en,
        {{ number_text('actual') }} || ' ' || {{ counter_ja('unit') }} as actual_ja,
        {{ number_text('still_required') }} || ' ' || {{ counter_ja('unit') }} as missing_ja,
        {{ number_text('asked_pace') }} || ' ' || {{ counter_ja('unit') }} as pace_ja,
        {{ number_text('asked_pace') }} as pace_en,
        {{ number_text('days_to_go') }} as days_to_go_text,
        {{ number_text('best_per_business_day') }} || ' ' || {{ counter_ja('unit') }} as best_ja
    from spoken

),

read_aloud as (

    select
        *,
        case
            when status = 'no_target' then '目標が設定されていません'
            when status = 'no_rate' then name_ja || 'の必要数は計算できません（十分な実績のある率がありません）'
            when status = 'unavailable'
                then name_ja || 'は必要 ' || required_ja || '。実績のデータがなく、残りは分かりません'
            when is_period_over and coalesce(actual, 0) >= required
                then name_ja || ' ' || actual_ja || '（必要 ' || required_ja || 'に到達）'
            when is_period_over
                then
                    name_ja || 'は必要 ' || required_ja || 'に対し' || coalesce(' ' || actual_ja, '実績なし')
                    || '（' || missing_ja || '不足）'
            when still_required = 0 then name_ja || 'は必要な ' || required_ja || 'に到達済み'
            when asked_pace is null
                then name_ja || 'はあと ' || missing_ja || '、残りの営業日はありません'
            else
                '1日あたり ' || pace_ja || 'の' || name_ja || 'が必要（残り '
                || days_to_go_text || ' 営業日であと ' || missing_ja || '）'
        end as reading_ja,
        case
            when status = 'no_target' then 'No target is set'
            when status = 'no_rate'
                then 'What is needed of "' || name_en || '" cannot be worked out: a rate has no sample'
            when status = 'unavailable'
                then name_en || ': ' || required_en || ' are needed; of what is there already there is no data'
            when is_period_over and coalesce(actual, 0) >= required
                then name_en || ': ' || {{ number_text('actual') }} || ', ' || required_en || ' were needed'
            when is_period_over
                then
                    name_en || ': ' || coalesce({{ number_text('actual') }}, 'nothing known') || ' of the '
                    || required_en || ' needed (' || {{ number_text('still_required') }} || ' short)'
            when still_required = 0 then name_en || ': the ' || required_en || ' needed are there'
            when asked_pace is null
                then
                    name_en || ': ' || {{ number_text('still_required') }}
                    || ' to go and no business day left'
            else
                name_en || ': ' || pace_en || ' a day needed (' || {{ number_text('still_required') }}
                || ' to go in ' || days_to_go_text || ' business days)'
        end as reading_en,
        case
            when is_flagged and rate_basis = 'mature'
                then
                    {{ period_words('ja') }} || ' 全社：' || name_ja || 'は 1日あたり ' || pace_ja
                    || 'が必要ですが、これまでの最高は ' || strftime(best_month, '%Y-%m') || ' の '
                    || best_ja || 'です。'
            when is_flagged
                then
                    {{ period_words('ja') }} || ' 全社：' || name_ja || 'の計画は率 ' || {{ percent_text('rate') }}
                    || 'を前提としていますが、これまでの最高は ' || strftime(best_rate_month, '%Y-%m') || ' の '
                    || {{ percent_text('best_rate') }} || 'です。'
        end as finding_ja,
        case
            when is_flagged and rate_basis = 'mature'
                then
                    'The company, ' || {{ period_words('en') }} || ': the goal asks for '
                    || {{ number_text('per_business_day') }} || ' a day of "' || name_en
                    || '"; the most ever done in a month was '
                    || {{ number_text('best_per_business_day') }} || ' (' || strftime(best_month, '%Y-%m') || ').'
            when is_flagged
                then
                    'The company, ' || {{ period_words('en') }} || ': the plan for "' || name_en
                    || '" takes a rate of ' || {{ percent_text('rate') }}
                    || '; the best month so far reached ' || {{ percent_text('best_rate') }} || ' ('
                    || strftime(best_rate_month, '%Y-%m') || ').'
        end as finding_en
    from told

),

final as (

    select
        period_type,
        period_start,
        period_end,
        position,
        is_period_over,
        scope_type,
        scope_key,
        kgi_metric,
        rate_basis,
        step_number - kgi_number as step_number,
        step,
        cast(goal as double) as goal,
        goal_source,
        cast(goal_share as double) as goal_share,
        cast(required as double) as required,
        actual,
        actual_status,
        step_target,
        cast(still_required as double) as still_required,
        business_days,
        business_days_remaining,
        cast(working_days as double) as working_days,
        cast(working_days_remaining as double) as working_days_remaining,
        per_business_day,
        per_working_day,
        case when has_rate then rate_metric end as rate_metric,
        rate,
        rate_numerator,
        rate_denominator,
        rate_sample,
        case
            when has_rate and is_proportion and rate_numerator <= rate_denominator
                then {{ wilson_low('rate_numerator', 'rate_denominator') }}
        end as rate_low,
        case
            when has_rate and is_proportion and rate_numerator <= rate_denominator
                then {{ wilson_high('rate_numerator', 'rate_denominator') }}
        end as rate_high,
        rate_source,
        rate_from,
        rate_to,
        best_rate,
        best_rate_month,
        best_per_business_day,
        best_month as best_per_business_day_month,
        asks_for_more_than_ever,
        status,
        reading_ja,
        reading_en,
        is_flagged,
        finding_ja,
        finding_en
    from read_aloud

)

select * from final
{% else %}
select * from people_days
{% endif %}
