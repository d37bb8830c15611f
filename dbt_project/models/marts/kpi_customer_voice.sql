-- one row per period (month or quarter) and scope (company, team, rep, channel or account) of answers
{%- set minimum_responses = 10 %}
{%- set scopes = {
    'company': none, 'team': 'team', 'rep': 'rep_id', 'channel': 'channel', 'account': 'account_id'
} %}
with

responses as (

    select
        *,
        cast(score_of_100 as decimal(38, 4)) as exact_score
    from (
        select * replace (coalesce(account_id, '(unlinked)') as account_id)
        from {{ ref('act_survey_responses') }}
    )

),

object_coverage as (

    select * from {{ ref('act_object_coverage') }}
    where
        object_name = 'survey_responses'
        and is_delivered

),

periods as (

    select * from {{ ref('act_periods') }}
    where period_type in ('month', 'quarter')

),

dates as (

    select * from {{ ref('act_dates') }}
    where is_as_of_or_before

),

-- a survey is missed from its first day on
begun as (

    select
        source_id,
        min(date) filter (where is_covered) as covers_from
    from object_coverage
    group by source_id

),

covered as (

    select object_coverage.date
    from object_coverage
    inner join begun
        on
            object_coverage.source_id = begun.source_id
            and object_coverage.date >= begun.covers_from
    group by object_coverage.date
    having bool_and(object_coverage.is_covered)

),

period_days as (

    select
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.is_period_over,
        count(covered.date) as covered_days,
        count(*) - count(covered.date) as uncovered_days
    from periods
    inner join dates
        on dates.date between periods.period_start and periods.last_day
    left join covered on dates.date = covered.date
    group by periods.period_type, periods.period_start, periods.period_end, periods.is_period_over

),

answered as (

    select
        periods.period_type,
        periods.period_start,
        responses.*
    from responses
    inner join periods
        on responses.answered_on between periods.period_start and periods.last_day

),

counted as (

    select
        period_type,
        period_start,
        {{ scope_of_grouping(scopes) }},
        count(score) as responses,
        count(*) - count(score) as comments_only,
        sum(exact_score) as score_sum,
        count(attitude) as rated_responses,
        count(*) filter (where attitude = 'promoter') as promoters,
        count(*) filter (where attitude = 'passive') as passives,
        count(*) filter (where attitude = 'detractor') as detractors
    from answered
    group by grouping sets (
        {% for column in scopes.values() %}
        (period_type, period_start{{ ', ' ~ column if column }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

-- the company has a row for every period of a survey, the others where somebody answered
places as (

    select
        period_type,
        period_start,
        'company' as scope_type,
        'company' as scope_key
    from period_days
    where covered_days > 0

    union

    select
        period_type,
        period_start,
        scope_type,
        scope_key
    from counted

),

final as (

    select
        places.period_type,
        places.period_start,
        period_days.period_end,
        period_days.is_period_over,
        places.scope_type,
        places.scope_key,
        {% for count in [
            'responses', 'comments_only', 'rated_responses', 'promoters', 'passives', 'detractors'
        ] -%}
        case
            when period_days.covered_days > 0 then cast(coalesce(counted.{{ count }}, 0) as bigint)
        end as {{ count }},
        {% endfor -%}
        case
            when period_days.covered_days > 0 then cast(coalesce(counted.score_sum, 0) as double)
        end as score_sum,
        case
            when period_days.covered_days > 0
                then {{ ratio('counted.score_sum', 'counted.responses') }}
        end as mean_score,
        case
            when period_days.covered_days > 0
                then
                    {{ ratio(
                        '100 * (counted.promoters - counted.detractors)', 'counted.rated_responses'
                    ) }}
        end as net_promoter_score,
        cast({{ minimum_responses }} as bigint) as minimum_sample,
        cast(period_days.covered_days as bigint) as covered_days,
        cast(period_days.uncovered_days as bigint) as uncovered_days,
        {{
            figure_status(
                'period_days.covered_days',
                'period_days.uncovered_days',
                'false',
                'coalesce(counted.responses, 0) < ' ~ minimum_responses,
            )
        }} as status
    from places
    inner join period_days
        on
            places.period_type = period_days.period_type
            and places.period_start = period_days.period_start
    left join counted
        on
            places.period_type = counted.period_type
            and places.period_start = counted.period_start
            and places.scope_type = counted.scope_type
            and places.scope_key = counted.scope_key

)

select * from final
