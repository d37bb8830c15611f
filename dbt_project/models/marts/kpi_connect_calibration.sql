-- one row per rule, setting of it, period (month or all) and scope (company, team or rep)
{%- set minimum_dials = 200 %}
{%- set thresholds = range(10, 121, 10) %}
{%- set scopes = {'company': none, 'team': 'team', 'rep': 'rep_id'} %}
{%- set outcomes = {
    'true_positives': 'is_intended and passes',
    'false_positives': 'not is_intended and passes',
    'false_negatives': 'is_intended and not passes',
    'true_negatives': 'not is_intended and not passes',
} %}
with

calls as (

    select * from {{ ref('act_calls') }}

),

periods as (

    select * from {{ ref('act_periods') }}

),

settings as (

    select * from {{ ref('act_settings') }}

),

scope_coverage as (

    select * from {{ ref('act_metric_scopes') }}
    where
        needs = 'cti'
        and period_type = 'month'
        and scope_type in ('company', 'team', 'rep')

),

thresholds as (

    select unnest([{{ thresholds | join(', ') }}]) as threshold_seconds

),

-- a dial without a person-level match is never a connect by a rule: it says nothing of the rule
dials as (

    select
        {{ month_start('called_on') }} as month,
        coalesce(team, '(unassigned)') as team,
        rep_id,
        evidence_rule as rule,
        is_intended_by_disposition as is_intended,
        match_level = 'person' as has_person,
        passes_evidence_rule as passes,
        is_connect,
        is_connect and connect_basis = 'disposition' as is_connect_by_disposition,
        is_connect and connect_basis = 'speech' as is_connect_by_speech,
        -- the longest threshold of the sweep it passes
        case
            when not is_human_by_talk then 0
            {% for threshold in thresholds | reverse -%}
            when talk_seconds >= {{ threshold }} then {{ threshold }}
            {% endfor -%}
            else 0
        end as passed_seconds,
        count(*) as dials
    from calls
    where is_dial
    group by all

),

-- as the sources are set, month by month and in all
judged as (

    select
        case when grouping(month) = 0 then 'month' else 'all' end as period_type,
        month,
        rule,
        cast(null as bigint) as threshold_seconds,
        {{ scope_of_grouping(scopes) }},
        {% for outcome, condition in outcomes.items() %}
        sum(dials) filter (where has_person and {{ condition }}) as {{ outcome }},
        {% endfor %}
        sum(dials) filter (where not has_person and is_intended is not null) as dials_without_person,
        sum(dials) filter (where has_person and is_intended is null and passes) as connects_by_rule
    from dials
    where rule != 'none'
    group by grouping sets (
        {% for column in scopes.values() %}
        (month, rule{{ ', ' ~ column if column }}),
        (rule{{ ', ' ~ column if column }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

-- the duration rule as it would be at other thresholds
swept as (

    select
        'all' as period_type,
        cast(null as date) as month,
        'duration' as rule,
        threshold_seconds,
        {{ scope_of_grouping(scopes) }},
        {% for outcome, condition in outcomes.items() %}
        sum(dials) filter (where has_person and {{ condition }}) as {{ outcome }},
        {% endfor %}
        sum(dials) filter (where not has_person and is_intended is not null) as dials_without_person,
        sum(dials) filter (where has_person and is_intended is null and passes) as connects_by_rule
    from (
        select
            dials.* exclude (passes),
            thresholds.threshold_seconds,
            dials.passed_seconds >= thresholds.threshold_seconds as passes
        from dials
        cross join thresholds
        where dials.rule = 'duration'
    ) as tried
    group by grouping sets (
        {% for column in scopes.values() %}
        (threshold_seconds{{ ', ' ~ column if column }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

figures as (

    select * from judged
    union all
    select * from swept

),

connects as (

    select
        case when grouping(month) = 0 then 'month' else 'all' end as period_type,
        month,
        {{ scope_of_grouping(scopes) }},
        sum(dials) as dials,
        sum(dials) filter (where is_connect) as connects,
        sum(dials) filter (where is_connect_by_disposition) as connects_by_disposition,
        sum(dials) filter (where is_connect_by_speech) as connects_by_speech
    from dials
    group by grouping sets (
        {% for column in scopes.values() %}
        (month{{ ', ' ~ column if column }}),
        ({{ column or '' }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

known_from as (

    select min(period_start) as period_start
    from scope_coverage

),

-- the spine: every month and scope there is, and all months together
places as (

    select
        'month' as period_type,
        scope_coverage.period_start as month,
        scope_coverage.period_start,
        periods.period_end,
        periods.is_period_over,
        scope_coverage.scope_type,
        scope_coverage.scope_key,
        scope_coverage.covered_days,
        scope_coverage.uncovered_days
    from scope_coverage
    inner join periods
        on
            scope_coverage.period_type = periods.period_type
            and scope_coverage.period_start = periods.period_start

    union all

    select
        'all' as period_type,
        cast(null as date) as month,
        min(known_from.period_start) as period_start,
        min(settings.as_of_date) as period_end,
        true as is_period_over,
        scope_coverage.scope_type,
        scope_coverage.scope_key,
        cast(sum(scope_coverage.covered_days) as bigint) as covered_days,
        cast(sum(scope_coverage.uncovered_days) as bigint) as uncovered_days
    from scope_coverage
    cross join settings
    cross join known_from
    group by scope_coverage.scope_type, scope_coverage.scope_key

),

rules as (

    select
        'speech' as rule,
        cast(null as bigint) as threshold_seconds
    union all
    select
        'duration' as rule,
        cast(null as bigint) as threshold_seconds
    union all
    select
        'duration' as rule,
        threshold_seconds
    from thresholds

),

counted as (

    select
        places.*,
        rules.rule,
        rules.threshold_seconds,
        {% for count in outcomes.keys() | list + ['dials_without_person', 'connects_by_rule'] %}
        case when places.covered_days > 0 then coalesce(figures.{{ count }}, 0) end as {{ count }},
        {% endfor %}
        case
            when places.covered_days > 0
                then
                    case
                        when rules.threshold_seconds is null then coalesce(connects.connects, 0)
                        -- another threshold makes other connects
                        else
                            coalesce(connects.connects_by_disposition, 0)
                            + coalesce(connects.connects_by_speech, 0)
                            + coalesce(figures.connects_by_rule, 0)
                    end
        end as connects
    from places
    inner join rules
        on
            places.period_type = 'all'
            or rules.threshold_seconds is null
    left join figures
        on
            places.period_type = figures.period_type
            and places.month is not distinct from figures.month
            and places.scope_type = figures.scope_type
            and places.scope_key = figures.scope_key
            and rules.rule = figures.rule
            and rules.threshold_seconds is not distinct from figures.threshold_seconds
    left join connects
        on
            places.period_type = connects.period_type
            and places.month is not distinct from connects.month
            and places.scope_type = connects.scope_type
            and places.scope_key = connects.scope_key

),

rated as (

    select
        *,
        true_positives + false_positives as judged_connects,
        true_positives + false_negatives as told_connects,
        true_positives + false_positives + false_negatives + true_negatives as calibration_dials
    from counted

),

final as (

    select
        rule,
        case rule when 'speech' then '会話解析による判定' else '通話時間による判定' end as rule_ja,
        case rule when 'speech' then 'Speech rule' else 'Duration rule' end as rule_en,
        coalesce(threshold_seconds || ' s', 'as_configured') as setting,
        threshold_seconds,
        period_type,
        period_start,
        period_end,
        is_period_over,
        scope_type,
        scope_key,
        {% for count in ['calibration_dials'] + outcomes.keys() | list + [
            'judged_connects', 'told_connects', 'dials_without_person', 'connects_by_rule', 'connects'
        ] %}
        cast({{ count }} as bigint) as {{ count }},
        {% endfor %}
        {{ ratio('true_positives', 'judged_connects') }} as precision_rate,
        {{ wilson_low('true_positives', 'judged_connects') }} as precision_rate_low,
        {{ wilson_high('true_positives', 'judged_connects') }} as precision_rate_high,
        {{ ratio('true_positives', 'told_connects') }} as recall_rate,
        {{ wilson_low('true_positives', 'told_connects') }} as recall_rate_low,
        {{ wilson_high('true_positives', 'told_connects') }} as recall_rate_high,
        {{ ratio('connects_by_rule', 'connects') }} as connects_by_rule_rate,
        cast({{ minimum_dials }} as bigint) as minimum_sample,
        covered_days,
        uncovered_days,
        -- all months are a sample: a day that is not there takes nothing from it
        {{
            figure_status(
                'covered_days',
                "case when period_type = 'month' then uncovered_days else 0 end",
                'false',
                'calibration_dials < ' ~ minimum_dials,
            )
        }} as status
    from rated

)

select * from final
