-- one row per improvement action
-- depends_on: {{ ref('act_metric_list_days') }}
-- depends_on: {{ ref('act_metric_days') }}
{% set people = ['company', 'business_unit', 'team', 'rep', 'motion'] %}
{% set z = 1.959963984540054 %}
{% set z_of_findings = 2.5758293035489004 %}
{% set least_days = 10 %}
{% set least_things = 10 %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

actions as (

    select * from {{ ref('act_actions') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

maturities as (

    select * from {{ ref('act_maturities') }}

),

known_scopes as (

    select distinct
        scope_type,
        scope_key
    from {{ ref('act_metric_scopes') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

covered_days as (

    select * from {{ ref('act_covered_days') }}
    where is_covered

),

-- Both windows end with the last settled day: what still ripens would look worse than it is.
windowed as (

    select
        actions.*,
        metrics.name_ja,
        metrics.name_en,
        metrics.unit,
        metrics.direction,
        metrics.needs,
        metrics.minimum_sample,
        metrics.metric_type,
        metrics.numerator as numerator_measure,
        metrics.denominator as denominator_measure,
        metrics.metric is not null as is_metric_known,
        known_scopes.scope_key is not null as is_scope_known,
        settings.as_of_date,
        case
            when metrics.metric is null then 'unknown_metric'
            when known_scopes.scope_key is null then 'unknown_scope'
            when not list_contains(string_split(metrics.scopes, ', '), actions.scope_type)
                then 'not_shown_for_scope'
            when metrics.metric_type = 'simple' and not metrics.is_additive then 'not_additive'
            when actions.from_date > settings.as_of_date then 'not_begun'
        end as obstacle,
        cast(actions.from_date - settings.plan_action_days as date) as before_from,
        cast(
            least(
                actions.from_date - 1, coalesce(maturities.last_settled_on, settings.as_of_date)
            ) as date
        ) as before_to,
        cast(
            least(
                actions.from_date + settings.plan_action_days - 1,
                coalesce(maturities.last_settled_on, settings.as_of_date),
                settings.as_of_date
            ) as date
        ) as after_to,
        actions.from_date + settings.plan_action_days - 1
        > coalesce(maturities.last_settled_on, settings.as_of_date) as is_window_open
    from actions
    cross join settings
    left join metrics on actions.metric = metrics.metric
    left join maturities on metrics.maturity = maturities.maturity
    left join known_scopes
        on
            actions.scope_type = known_scopes.scope_type
            and actions.scope_key = known_scopes.scope_key

),

judgeable as (

    select * from windowed
    where obstacle is null

),

window_days as (

    select
        judgeable.action_id,
        covered_days.date,
        covered_days.date >= judgeable.from_date as is_after,
        dates.is_business_day
    from judgeable
    inner join covered_days
        on
            judgeable.needs = covered_days.needs
            and (
                covered_days.date between judgeable.before_from and judgeable.before_to
                or covered_days.date between judgeable.from_date and judgeable.after_to
            )
    inner join dates on covered_days.date = dates.date

),

day_counts as (

    select
        action_id,
        cast(count(*) filter (where not is_after and is_business_day) as bigint) as before_days,
        cast(count(*) filter (where is_after and is_business_day) as bigint) as after_days
    from window_days
    group by action_id

)
{% if execute %}
{% set measures = catalogue_measures() | selectattr('is_additive') | list %}
{% set sums = measures | selectattr('type', 'equalto', 'double') | map(attribute='name') | list %}
,

metric_days as (

    select
        *,
        case
            {% for scope, columns in scope_columns().items() %}
            when scope_type = '{{ scope }}'
                then
                    {% if columns | length == 2 %}
                    {{ team_channel_key(columns[0], columns[1]) }}
                    {% elif columns %}
                    {{ columns[0] }}
                    {% else %}
                    'company'
                    {% endif %}
            {% endfor %}
        end is not distinct from scope_key as is_in_scope
    from (
        select
            judgeable.action_id,
            judgeable.scope_type,
            judgeable.scope_key,
            judgeable.metric_type,
            judgeable.numerator_measure,
            judgeable.denominator_measure,
            window_days.is_after,
            window_days.is_business_day,
            days.*
        from judgeable
        inner join window_days on judgeable.action_id = window_days.action_id
        -- only calls know their list: lists have days of their own
        inner join (
            select
                *,
                cast(null as varchar) as call_list,
                false as is_of_list
            from {{ ref('act_metric_days') }}

            union all by name

            select
                *,
                true as is_of_list
            from {{ ref('act_metric_list_days') }}
        ) as days
            on
                window_days.date = days.date
                and days.is_of_list = (judgeable.scope_type = 'call_list')
    ) as found

),

-- x above, y below the line; of a plain count y is the work of the day
added_up as (

    select
        action_id,
        is_after,
        is_in_scope,
        date,
        metric_type,
        scope_type,
        bool_or(is_business_day) as is_business_day,
        sum(
            case numerator_measure
                {% for measure in measures %}
                when '{{ measure.name }}' then cast({{ measure.name }} as decimal(38, 4))
                {% endfor %}
            end
        ) as x,
        sum(
            case coalesce(denominator_measure, 'working_days')
                {% for measure in measures if measure.name != 'working_days' %}
                when '{{ measure.name }}' then cast({{ measure.name }} as decimal(38, 4))
                {% endfor %}
                -- of a company or a business unit the days of inside sales, unless everybody's work is counted
                when 'working_days'
                    then
                        case
                            when
                                denominator_measure is not null
                                or scope_type not in ('company', 'business_unit')
                                or starts_with(numerator_measure, 'company_')
                                or motion in ('sdr', 'bdr')
                                then cast(working_days as decimal(38, 4))
                        end
            end
        ) as y
    from metric_days
    group by action_id, is_after, is_in_scope, date, metric_type, scope_type

),

-- nobody works a channel's days: there a business day is a day's work
worked as (

    select
        action_id,
        is_after,
        is_in_scope,
        metric_type,
        cast(x as double) as x,
        cast(
            case
                when metric_type != 'simple' then y
                when scope_type in ('{{ people | join("', '") }}') then y
                when is_business_day then 1
                else 0
            end as double
        ) as y
    from added_up

),

-- a day without any work has no pace
summed as (

    select
        action_id,
        is_after,
        is_in_scope,
        cast(count(*) filter (where y > 0) as double) as days,
        cast(sum(cast(x as decimal(38, 4))) as double) as x,
        cast(sum(cast(y as decimal(38, 4))) as double) as y,
        cast(sum(cast(x as decimal(38, 4))) filter (where y > 0) as double) as tried,
        cast(sum(cast({{ ratio('x * x', 'y') }} as decimal(38, 10))) as double) as xx_per_y,
        cast(sum(cast(x * x as decimal(38, 4))) as double) as xx,
        cast(sum(cast(x * y as decimal(38, 4))) as double) as xy,
        cast(sum(cast(y * y as decimal(38, 4))) as double) as yy
    from worked
    where
        metric_type != 'simple'
        or y > 0
    group by action_id, is_after, is_in_scope

),

-- a business day on which nothing at all was counted is a day's work of a channel all the same
sides as (

    select
        judgeable.*,
        coalesce(day_counts.before_days, 0) as before_days,
        coalesce(day_counts.after_days, 0) as after_days,
        {% for side, flag in {'before': 'false', 'after': 'true'}.items() %}
        case when day_counts.{{ side }}_days > 0 then coalesce({{ side }}_own.x, 0) end
            as {{ side }}_numerator,
        case
            when
                judgeable.metric_type = 'simple'
                and judgeable.scope_type not in ('{{ people | join("', '") }}')
                then cast(day_counts.{{ side }}_days as double)
            when day_counts.{{ side }}_days > 0 then coalesce({{ side }}_own.y, 0)
        end as {{ side }}_denominator,
        case
            when
                judgeable.metric_type = 'simple'
                and judgeable.scope_type not in ('{{ people | join("', '") }}')
                then cast(day_counts.{{ side }}_days as double)
            else {{ side }}_own.days
        end as {{ side }}_n,
        coalesce({{ side }}_own.xx_per_y, 0) as {{ side }}_xx_per_y,
        {{ side }}_own.tried as {{ side }}_tried,
        {{ side }}_own.xx as {{ side }}_xx,
        {{ side }}_own.xy as {{ side }}_xy,
        {{ side }}_own.yy as {{ side }}_yy,
        {{ side }}_rest.x as rest_{{ side }}_numerator,
        case
            when
                judgeable.metric_type = 'simple'
                and judgeable.scope_type not in ('{{ people | join("', '") }}')
                then cast(day_counts.{{ side }}_days as double)
            else {{ side }}_rest.y
        end as rest_{{ side }}_denominator{{ ',' if not loop.last }}
        {% endfor %}
    from judgeable
    left join day_counts on judgeable.action_id = day_counts.action_id
    {% for side, flag in {'before': 'false', 'after': 'true'}.items() %}
    left join summed as {{ side }}_own
        on
            judgeable.action_id = {{ side }}_own.action_id
            and {{ side }}_own.is_after = {{ flag }}
            and {{ side }}_own.is_in_scope
    left join summed as {{ side }}_rest
        on
            judgeable.action_id = {{ side }}_rest.action_id
            and {{ side }}_rest.is_after = {{ flag }}
            and not {{ side }}_rest.is_in_scope
            and judgeable.scope_type != 'company'
    {% endfor %}

),

methods as (

    select
        *,
        numerator_measure not in ('{{ sums | join("', '") }}') as is_count,
        case
            when metric_type = 'simple' then 'per_working_day'
            when
                unit = 'ratio'
                and numerator_measure not in ('{{ sums | join("', '") }}')
                and denominator_measure not in ('{{ sums | join("', '") }}')
                and before_numerator <= before_denominator
                and after_numerator <= after_denominator
                then 'two_shares'
            else 'ratio_of_sums'
        end as method
    from sides

),

-- Calls of one day are alike: where days differ more than single calls would make them, so many are fewer.
dispersed as (

    select
        *,
        {% for side in ['before', 'after'] %}
        {{ dispersion(
            side ~ '_tried', side ~ '_denominator', side ~ '_xx_per_y', side ~ '_n'
        ) }} as {{ side }}_dispersion{{ ',' if not loop.last }}
        {% endfor %}
    from methods

),

valued as (

    select
        *,
        {% for side in ['before', 'after'] %}
        {% set independent = [
            side ~ '_numerator / ' ~ side ~ '_dispersion', side ~ '_denominator / ' ~ side ~ '_dispersion',
        ] %}
        {{ ratio(side ~ '_numerator', side ~ '_denominator') }} as {{ side }},
        case when method = 'two_shares' then {{ wilson_low(independent[0], independent[1]) }} end
            as {{ side }}_low,
        case when method = 'two_shares' then {{ wilson_high(independent[0], independent[1]) }} end
            as {{ side }}_high,
        case method
            when 'two_shares' then {{ share_variance(independent[0], independent[1]) }}
            when 'per_working_day'
                then
                    {{ pace_variance(
                        side ~ '_numerator', side ~ '_denominator', side ~ '_xx_per_y', side ~ '_n', 'is_count'
                    ) }}
            else
                {{ ratio_variance(
                    side ~ '_numerator', side ~ '_denominator', side ~ '_xx', side ~ '_xy', side ~ '_yy',
                    side ~ '_n',
                ) }}
        end as {{ side }}_variance,
        {{ ratio('rest_' ~ side ~ '_numerator', 'rest_' ~ side ~ '_denominator') }}
            as rest_{{ side }}{{ ',' if not loop.last }}
        {% endfor %}
    from dispersed

),

compared as (

    select
        *,
        after - before as difference,
        sqrt(before_variance + after_variance) as standard_error,
        case
            when method = 'two_shares' then {{ newcombe_low('before', 'after') }}
            else after - before - {{ z }} * sqrt(before_variance + after_variance)
        end as difference_low,
        case
            when method = 'two_shares' then {{ newcombe_high('before', 'after') }}
            else after - before + {{ z }} * sqrt(before_variance + after_variance)
        end as difference_high,
        rest_after - rest_before as rest_difference
    from valued

),

joined as (

    select
        windowed.*,
        compared.method,
        coalesce(compared.before_days, 0) as before_days,
        coalesce(compared.after_days, 0) as after_days,
        {% for column in [
            'before_numerator', 'before_denominator', 'before', 'after_numerator', 'after_denominator', 'after',
            'difference', 'standard_error', 'difference_low', 'difference_high', 'rest_before', 'rest_after',
            'rest_difference',
        ] %}
        compared.{{ column }},
        {% endfor %}
        compared.difference - compared.rest_difference as difference_in_differences
    from windowed
    left join compared on windowed.action_id = compared.action_id

),

-- why nothing can be concluded, the first reason that applies
reasoned as (

    select
        *,
        case
            when obstacle is not null then obstacle
            when after_days < {{ least_days }} and is_window_open then 'few_days_since'
            when before_days < {{ least_days }} or after_days < {{ least_days }} then 'few_days_covered'
            when
                metric_type = 'ratio'
                and least(before_denominator, after_denominator) < minimum_sample
                then 'small_sample'
            when
                method in ('per_working_day', 'two_shares')
                and coalesce(before_numerator, 0) + coalesce(after_numerator, 0) < {{ least_things }}
                then 'small_sample'
            when
                method = 'two_shares'
                and before_denominator - before_numerator + after_denominator - after_numerator
                < {{ least_things }}
                then 'small_sample'
            when difference_low is null or difference_high is null then 'small_sample'
            when direction = 'none' then 'no_better_direction'
            when difference_low <= 0 and difference_high >= 0 then 'within_noise'
        end as reason
    from joined

),

judged as (

    select
        *,
        case
            when reason in ('not_begun', 'few_days_since') then 'too_early'
            when reason is not null then 'cannot_be_concluded'
            when (difference > 0) = (direction = 'up') then 'improved'
            else 'worsened'
        end as verdict
    from reasoned

),

flagged as (

    select
        *,
        verdict in ('improved', 'worsened')
        and abs(difference) > {{ z_of_findings }} * standard_error as is_flagged,
        coalesce(name_ja, metric) as shown_ja,
        coalesce(name_en, metric) as shown_en,
        {% for column in ['before', 'after'] %}
        case
            when unit = 'ratio' then {{ percent_text(column) }}
            else {{ number_text(column) }}
        end as {{ column }}_text,
        {% endfor %}
        {% for column in ['difference', 'difference_low', 'difference_high', 'rest_difference', 'expected_effect'] %}
        case when {{ column }} >= 0 then '+' else '' end
        || case
            when unit = 'ratio' then format('{:.1f}', round(100 * {{ column }}, 1))
            else {{ number_text(column) }}
        end as {{ column }}_text,
        {% endfor %}
        case when unit = 'ratio' then 'pt' else '' end as difference_unit,
        case when metric_type = 'simple' then '1日あたり ' else '' end as per_day_ja,
        case when metric_type = 'simple' then ' per working day' else '' end as per_day_en
    from judged

),

read_aloud as (

    select
        *,
        what || ': ' || case
            when reason = 'unknown_metric' then '指標「' || metric || '」は指標一覧にありません'
            when reason = 'unknown_scope' then '対象「' || coalesce(scope_key, '') || '」が見つかりません'
            when reason = 'not_shown_for_scope' then shown_ja || 'はこの対象では集計していません'
            when reason = 'not_additive' then shown_ja || 'は日ごとに足せないため比較できません'
            when reason = 'not_begun' then 'まだ始まっていません'
            when reason = 'few_days_since'
                then
                    '判断はまだ早いです（開始後に比べられる営業日は '
                    || cast(after_days as varchar) || ' 日）'
            when reason = 'few_days_covered' then '前後どちらかのデータのある営業日が足りません'
            when before is null or after is null then shown_ja || 'を比べられる実績がありません'
            else
                shown_ja || ' ' || per_day_ja || before_text || ' → ' || after_text
                || '（差 ' || difference_text || difference_unit
                || coalesce(
                    '、95% の範囲 ' || difference_low_text || '〜' || difference_high_text || difference_unit,
                    ''
                ) || '）'
                || coalesce('。期待は ' || expected_effect_text || difference_unit, '')
                || coalesce('。同じ期間の他は ' || rest_difference_text || difference_unit, '')
                || case
                    when verdict = 'improved' then '。改善したと言えます'
                    when verdict = 'worsened' then '。悪化したと言えます'
                    when reason = 'small_sample' then '。件数が少なく結論は出せません'
                    when reason = 'no_better_direction' then '。良し悪しの向きが決まっていない指標です'
                    else '。偶然の範囲で、結論は出せません'
                end
        end as reading_ja,
        what || ': ' || case
            when reason = 'unknown_metric' then 'the metric "' || metric || '" is not in the catalogue'
            when reason = 'unknown_scope' then 'nobody knows the scope "' || coalesce(scope_key, '') || '"'
            when reason = 'not_shown_for_scope' then shown_en || ' is not counted for scopes of this kind'
            when reason = 'not_additive' then shown_en || ' cannot be added up over days'
            when reason = 'not_begun' then 'not begun yet'
            when reason = 'few_days_since'
                then 'too early (' || cast(after_days as varchar) || ' business days to compare so far)'
            when reason = 'few_days_covered' then 'too few business days with data before or after'
            when before is null or after is null then shown_en || ' has nothing to compare'
            else
                shown_en || per_day_en || ' ' || before_text || ' → ' || after_text
                || ' (difference ' || difference_text || difference_unit
                || coalesce(
                    ', 95 %: ' || difference_low_text || ' to ' || difference_high_text || difference_unit, ''
                ) || ')'
                || coalesce('; expected ' || expected_effect_text || difference_unit, '')
                || coalesce('; the others meanwhile ' || rest_difference_text || difference_unit, '')
                || case
                    when verdict = 'improved' then '. It improved'
                    when verdict = 'worsened' then '. It got worse'
                    when reason = 'small_sample' then '. Too few to conclude anything'
                    when reason = 'no_better_direction' then '. Neither way is better'
                    else '. Within chance: nothing can be concluded'
                end
        end as reading_en
    from flagged

),

final as (

    select
        action_id,
        what,
        owner,
        scope_type,
        coalesce(scope_key, '(none)') as scope_key,
        metric,
        from_date,
        expected_effect,
        is_metric_known,
        is_scope_known,
        before_from,
        before_to,
        case when after_to >= from_date then after_to end as after_to,
        before_days,
        after_days,
        method,
        before_numerator,
        before_denominator,
        before as before_value,
        after_numerator,
        after_denominator,
        after as after_value,
        difference,
        difference_low,
        difference_high,
        rest_before as rest_before_value,
        rest_after as rest_after_value,
        rest_difference,
        difference_in_differences,
        verdict,
        reason,
        reading_ja,
        reading_en,
        is_flagged,
        case when is_flagged then reading_ja end as finding_ja,
        case when is_flagged then reading_en end as finding_en
    from read_aloud

)

select * from final
{% else %}
select * from day_counts
{% endif %}
