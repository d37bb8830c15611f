-- one row per period, scope, metric and cause by which a figure of the previous release moved
{% set causes = {
    'late_fact': ('あとから届いた事実', 'facts that came later'),
    'correction': ('記録の訂正', 'corrected records'),
    'merge': ('重複の統合', 'merged records'),
    'delete': ('記録の削除', 'deleted records'),
    'configuration': ('設定・計画表の変更', 'an edited configuration or planning table'),
    'definition': ('定義・プログラムの変更', 'a changed definition or program'),
    'unexplained': ('特定できない原因', 'causes that could not be found'),
} %}
with

figures as (

    select * from {{ ref('act_restated_figures') }}

),

parts as (

    select * from {{ ref('act_restated_parts') }}
    union all
    select * from {{ ref('act_restated_distinct') }}

),

previous_release as (

    select * from {{ ref('act_previous_release') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

reps as (

    select
        rep_id,
        arg_max(rep_label, valid_from) as rep_label
    from {{ ref('dim_reps') }}
    group by rep_id

),

explained as (

    select
        figures.period_type,
        figures.period_start,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        parts.cause,
        parts.numerator_part,
        parts.denominator_part,
        parts.things
    from figures
    inner join parts
        on
            figures.period_type = parts.period_type
            and figures.period_start = parts.period_start
            and figures.scope_type = parts.scope_type
            and figures.scope_key = parts.scope_key
            and figures.metric = parts.metric

),

explained_sums as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        metric,
        sum(numerator_part) as numerator_part,
        sum(denominator_part) as denominator_part
    from explained
    group by period_type, period_start, scope_type, scope_key, metric

),

-- what no single thing shows
remaining as (

    select
        figures.period_type,
        figures.period_start,
        figures.scope_type,
        figures.scope_key,
        figures.metric,
        figures.is_redefined,
        figures.numerator_difference - coalesce(explained_sums.numerator_part, 0) as numerator_part,
        figures.denominator_difference - coalesce(explained_sums.denominator_part, 0)
            as denominator_part,
        -- its days had no data then, or have none now: the rows of it need not have changed
        figures.old_numerator is null or figures.new_numerator is null as was_or_is_absent
    from figures
    left join explained_sums
        on
            figures.period_type = explained_sums.period_type
            and figures.period_start = explained_sums.period_start
            and figures.scope_type = explained_sums.scope_type
            and figures.scope_key = explained_sums.scope_key
            and figures.metric = explained_sums.metric

),

caused as (

    select
        *,
        'thing' as basis
    from explained

    union all

    select
        remaining.period_type,
        remaining.period_start,
        remaining.scope_type,
        remaining.scope_key,
        remaining.metric,
        case
            when previous_release.is_code_changed or remaining.is_redefined then 'definition'
            when remaining.was_or_is_absent and previous_release.has_new_exports then 'late_fact'
            when
                (
                    remaining.was_or_is_absent
                    or 'working_days' in (metrics.numerator, metrics.denominator)
                )
                and (
                    len(previous_release.changed_planning) > 0
                    or previous_release.is_configuration_changed
                )
                then 'configuration'
            -- the roster counts from the first day any export speaks of
            when
                'working_days' in (metrics.numerator, metrics.denominator)
                and previous_release.has_new_exports
                then 'late_fact'
            else 'unexplained'
        end as cause,
        remaining.numerator_part,
        remaining.denominator_part,
        cast(null as bigint) as things,
        'rest' as basis
    from remaining
    cross join previous_release
    inner join metrics on remaining.metric = metrics.metric
    where remaining.numerator_part <> 0 or remaining.denominator_part <> 0

),

by_cause as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        metric,
        cause,
        sum(numerator_part) as numerator_part,
        sum(denominator_part) as denominator_part,
        case when bool_and(basis = 'thing') then cast(sum(things) as bigint) end as things
    from caused
    group by period_type, period_start, scope_type, scope_key, metric, cause

),

valued as (

    select
        previous_release.release_id as previous_release_id,
        previous_release.as_of_date as previous_as_of_date,
        figures.*,
        case
            when figures.is_ratio then {{ ratio('figures.old_numerator', 'figures.old_denominator') }}
            else figures.old_numerator
        end as old_value,
        case
            when figures.is_ratio then {{ ratio('figures.new_numerator', 'figures.new_denominator') }}
            else figures.new_numerator
        end as new_value,
        by_cause.cause,
        cast(by_cause.numerator_part as double) as numerator_part,
        cast(by_cause.denominator_part as double) as denominator_part,
        by_cause.things
    from figures
    cross join previous_release
    inner join by_cause
        on
            figures.period_type = by_cause.period_type
            and figures.period_start = by_cause.period_start
            and figures.scope_type = by_cause.scope_type
            and figures.scope_key = by_cause.scope_key
            and figures.metric = by_cause.metric

),

-- A rate's move is split so that the parts add up in any order: each part of the numerator and, at the
-- mean rate, of the denominator, over the mean denominator.
split as (

    select
        valued.*,
        case
            when valued.is_ratio then valued.new_value - valued.old_value
            else cast(valued.numerator_difference as double)
        end as value_difference,
        case
            when valued.is_ratio
                then {{
                    ratio(
                        'valued.numerator_part'
                        ~ ' - 0.5 * (valued.old_value + valued.new_value) * valued.denominator_part',
                        '0.5 * (valued.old_denominator + valued.new_denominator)',
                    )
                }}
            else valued.numerator_part
        end as value_part
    from valued

),

labelled as (

    select
        split.*,
        metrics.label_ja,
        metrics.label_en,
        metrics.unit,
        metrics.is_headline,
        case split.period_type
            when 'month' then strftime(split.period_start, '%Y年%-m月')
            when 'week' then strftime(split.period_start, '%Y年%-m月%-d日の週')
            when 'quarter' then strftime(split.period_start, '%Y年%-m月からの四半期')
            else strftime(split.period_start, '%Y年%-m月からの年度')
        end as period_ja,
        case split.period_type
            when 'month' then strftime(split.period_start, '%B %Y')
            when 'week' then strftime(split.period_start, 'the week of %Y-%m-%d')
            when 'quarter' then strftime(split.period_start, 'the quarter from %B %Y')
            else strftime(split.period_start, 'the fiscal year from %B %Y')
        end as period_en,
        case
            when split.scope_type = 'company' then '全社'
            else coalesce(reps.rep_label, split.scope_key)
        end as scope_ja,
        case
            when split.scope_type = 'company' then 'the company'
            else coalesce(reps.rep_label, split.scope_key)
        end as scope_en,
        case split.cause
            {% for cause, words in causes.items() %}
            when '{{ cause }}' then '{{ words[0] }}'
            {% endfor %}
        end as cause_ja,
        case split.cause
            {% for cause, words in causes.items() %}
            when '{{ cause }}' then '{{ words[1] }}'
            {% endfor %}
        end as cause_en
    from split
    inner join metrics on split.metric = metrics.metric
    left join reps on case split.scope_type when 'rep' then split.scope_key end = reps.rep_id

),

told as (

    select
        *,
        {{ figure_text('old_value', 'unit', 'ja', 'なし') | indent(8) }} as old_ja,
        {{ figure_text('new_value', 'unit', 'ja', 'なし') | indent(8) }} as new_ja,
        {{ figure_text('old_value', 'unit', 'en', 'none') | indent(8) }} as old_en,
        {{ figure_text('new_value', 'unit', 'en', 'none') | indent(8) }} as new_en,
        {{ difference_text('value_part', 'unit', 'ja') | indent(8) }} as part_ja,
        {{ difference_text('value_part', 'unit') | indent(8) }} as part_en
    from labelled

),

final as (

    select
        -- what moved
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        metric,
        is_headline,
        previous_release_id,
        previous_as_of_date,

        -- from what to what
        old_numerator,
        old_denominator,
        old_value,
        new_numerator,
        new_denominator,
        new_value,
        cast(numerator_difference as double) as numerator_difference,
        case when is_ratio then cast(denominator_difference as double) end as denominator_difference,
        value_difference,

        -- why
        cause,
        things,
        numerator_part,
        case when is_ratio then denominator_part end as denominator_part,
        value_part,

        -- in words
        period_ja || '・' || scope_ja || 'の' || label_ja || '：' || old_ja || ' → ' || new_ja
        || coalesce('。うち ' || part_ja || ' は', '。原因は') || cause_ja
        || coalesce('（' || format('{:,}', things) || '件）', '') || '。' as sentence_ja,
        label_en || ' of ' || scope_en || ' in ' || period_en || ': ' || old_en || ' → ' || new_en
        || coalesce('; ' || part_en || ' of it by ', '; because of ') || cause_en
        || coalesce(' (' || format('{:,}', things) || ')', '') || '.' as sentence_en
    from told

)

select * from final
