-- one row per period, diagnosed scope, figure and benchmark: the difference and how likely chance makes it
-- depends_on: {{ ref('kpi_scorecard') }}
{% set figures = compared_figures() %}
{% set by_motion = [] %}
{% for scope, is_by_motion in peer_scopes().items() if is_by_motion %}
{% do by_motion.append(scope) %}
{% endfor %}
with

maturities as (

    select * from {{ ref('act_maturities') }}

),

periods as (

    select * from {{ ref('act_periods') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

scope_windows as (

    select * from {{ ref('act_scope_windows') }}

),

windows as (

    select * from {{ ref('act_diagnosis_windows') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

figures as (

    select figures.* from (
        values
        {% for one in figures %}
        (
            '{{ one.figure }}', '{{ one.kind }}', '{{ one.metric }}', '{{ one.side }}', {{ one.notable }}
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as figures (figure, kind, metric, side, notable)

),

asked as (

    select asked.* from (
        values
        {% for one in figures %}
        {% set last_figure = loop.last %}
        {% for scope in one.scopes %}
        {% set last_scope = loop.last %}
        {% for benchmark in one.benchmarks %}
        (
            '{{ one.figure }}', '{{ scope }}', '{{ benchmark }}',
            {{ benchmark in (one.tested | default(one.benchmarks)) }}
        )
        {{- ',' if not (last_figure and last_scope and loop.last) }}
        {% endfor %}
        {% endfor %}
        {% endfor %}
    ) as asked (figure, scope_type, benchmark, is_tested)
    where
        asked.benchmark != 'peers'
        or {{ any_of('asked.scope_type', peer_scopes().keys()) | indent(8) }}

),

-- What a team or rep mostly did in the period: those who did the same are its peers.
motion_days as (

    {% for scope in by_motion %}
    select
        windows.period_type,
        windows.period_start,
        '{{ scope }}' as scope_type,
        rep_days.{{ scope_columns()[scope][0] }} as scope_key,
        rep_days.motion,
        sum(cast(rep_days.working_day as decimal(18, 4))) as working_days
    from windows
    inner join rep_days on rep_days.date between windows.first_day and windows.last_day
    where
        windows.time_window = 'period'
        and rep_days.motion in ('sdr', 'bdr')
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

motions as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        motion
    from motion_days
    qualify row_number() over (
        partition by period_type, period_start, scope_type, scope_key
        order by working_days desc, motion asc
    ) = 1

),

own as (

    select
        scope_windows.*,
        case
            when {{ any_of('scope_windows.scope_type', by_motion) | indent(16) }} then motions.motion
            else 'all'
        end as peer_group,
        {{ amount_variance('scope_windows') }} as variance,
        {{ day_dispersion('scope_windows') }} as dispersion
    from scope_windows
    left join motions
        on
            scope_windows.period_type = motions.period_type
            and scope_windows.period_start = motions.period_start
            and scope_windows.scope_type = motions.scope_type
            and scope_windows.scope_key = motions.scope_key

),

-- What every figure adds to the sums over its peers; decimals, so that leaving one out is exact.
weighed as (

    select
        *,
        cast(above as decimal(38, 4)) as exact_above,
        cast(below as decimal(38, 4)) as exact_below,
        cast({{ ratio('above * above', 'below') }} as decimal(38, 10)) as exact_shares,
        cast(below * below as decimal(38, 4)) as exact_squared,
        cast(coalesce(below * variance, 0) as decimal(38, 10)) as exact_within,
        cast(coalesce(below * below * variance, 0) as decimal(38, 6)) as exact_within_squared
    from own
    where
        time_window = 'period'
        and below > 0
        and peer_group is not null
        and {{ any_of('scope_type', peer_scopes().keys()) | indent(8) }}

),

groups as (

    select
        period_type,
        period_start,
        scope_type,
        peer_group,
        figure,
        count(*) as members,
        sum(exact_above) as above,
        sum(exact_below) as below,
        sum(exact_shares) as shares,
        sum(exact_squared) as below_squared,
        sum(exact_within) as within,
        sum(exact_within_squared) as within_squared
    from weighed
    group by period_type, period_start, scope_type, peer_group, figure

),

peers as (

    select
        own.period_type,
        own.period_start,
        own.scope_type,
        own.scope_key,
        own.figure,
        groups.members - case when weighed.figure is null then 0 else 1 end as peers,
        {% for name in ['above', 'below', 'shares'] %}
        cast(groups.{{ name }} - coalesce(weighed.exact_{{ name }}, 0) as double) as {{ name }},
        {% endfor %}
        cast(groups.below_squared - coalesce(weighed.exact_squared, 0) as double) as below_squared,
        cast(groups.within - coalesce(weighed.exact_within, 0) as double) as within,
        cast(groups.within_squared - coalesce(weighed.exact_within_squared, 0) as double)
            as within_squared
    from own
    inner join groups
        on
            own.period_type = groups.period_type
            and own.period_start = groups.period_start
            and own.scope_type = groups.scope_type
            and own.peer_group = groups.peer_group
            and own.figure = groups.figure
    left join weighed
        on
            own.period_type = weighed.period_type
            and own.period_start = weighed.period_start
            and own.scope_type = weighed.scope_type
            and own.scope_key = weighed.scope_key
            and own.figure = weighed.figure
    where own.time_window = 'period'

),

-- The figures of the period, with the standing of their metric.
actual as (

    select
        scorecard.period_type,
        scorecard.period_start,
        periods.period_end,
        periods.is_period_over,
        scorecard.scope_type,
        scorecard.scope_key,
        figures.figure,
        figures.kind,
        figures.side,
        figures.notable,
        metrics.minimum_sample,
        scorecard.status,
        scorecard.target,
        scorecard.pacing_expected,
        -- The last cohorts of a period must be as old as the outcomes that come late.
        metrics.maturity != 'none'
        and coalesce(periods.period_end > maturities.last_settled_on, true) as is_unsettled,
        case when scorecard.covered_days > 0 then coalesce(own.above, 0) end as above,
        case when scorecard.covered_days > 0 then coalesce(own.below, 0) end as below,
        coalesce(own.days, 0) as days,
        own.variance,
        coalesce(own.dispersion, 1) as dispersion
    from scorecard
    inner join figures on scorecard.metric = figures.metric
    inner join metrics on scorecard.metric = metrics.metric
    inner join periods
        on
            scorecard.period_type = periods.period_type
            and scorecard.period_start = periods.period_start
    left join maturities on metrics.maturity = maturities.maturity
    left join own
        on
            scorecard.period_type = own.period_type
            and scorecard.period_start = own.period_start
            and own.time_window = 'period'
            and scorecard.scope_type = own.scope_type
            and scorecard.scope_key = own.scope_key
            and figures.figure = own.figure
    where
        scorecard.period_type in ('month', 'quarter')
        and {{ is_attributed('scorecard.scope_key') }}

),

-- A past of which days are missing is no past to compare with.
past_gaps as (

    select distinct
        windows.period_type,
        windows.period_start,
        scorecard.scope_type,
        scorecard.scope_key,
        figures.figure
    from windows
    inner join scorecard
        on
            scorecard.period_type = 'month'
            and windows.last_day >= scorecard.period_start
            and {{ add_months('scorecard.period_start', 1) }} > windows.first_day
            and scorecard.status in ('unavailable', 'partial')
    inner join figures on scorecard.metric = figures.metric
    where windows.time_window = 'trailing'

),

compared as (

    select
        actual.*,
        asked.benchmark,
        asked.is_tested,
        case asked.benchmark
            when 'own_trailing' then past.above
            when 'peers' then peers.above
            when 'calendar' then calendar.above
            when 'target'
                then case when actual.kind = 'amount' then actual.pacing_expected end
        end as benchmark_above,
        case asked.benchmark
            when 'own_trailing' then past.below
            when 'peers' then peers.below
            when 'calendar' then calendar.below
            when 'target'
                then
                    case
                        when actual.kind = 'amount' and actual.pacing_expected is not null
                            then actual.below
                    end
        end as benchmark_below,
        case
            when asked.benchmark = 'target' and actual.kind = 'share' then actual.target
        end as target_share,
        past_gaps.figure is not null and asked.benchmark = 'own_trailing' as has_gaps,
        past.days as trailing_days,
        past.variance as trailing_variance,
        past.dispersion as trailing_dispersion,
        peers.peers,
        peers.shares as peer_shares,
        peers.below_squared as peer_squared,
        peers.within as peer_within,
        peers.within_squared as peer_within_squared
    from actual
    inner join asked
        on actual.figure = asked.figure and actual.scope_type = asked.scope_type
    left join own as past
        on
            actual.period_type = past.period_type
            and actual.period_start = past.period_start
            and past.time_window = 'trailing'
            and actual.scope_type = past.scope_type
            and actual.scope_key = past.scope_key
            and case asked.benchmark when 'own_trailing' then actual.figure end = past.figure
    left join peers
        on
            actual.period_type = peers.period_type
            and actual.period_start = peers.period_start
            and actual.scope_type = peers.scope_type
            and actual.scope_key = peers.scope_key
            and case asked.benchmark when 'peers' then actual.figure end = peers.figure
    left join own as calendar
        on
            actual.period_type = calendar.period_type
            and actual.period_start = calendar.period_start
            and calendar.time_window = 'period'
            and actual.scope_type = calendar.scope_type
            and actual.scope_key = calendar.scope_key
            and asked.benchmark = calendar.figure
            and calendar.figure = 'calendar'
    left join past_gaps
        on
            actual.period_type = past_gaps.period_type
            and actual.period_start = past_gaps.period_start
            and actual.scope_type = past_gaps.scope_type
            and actual.scope_key = past_gaps.scope_key
            and actual.figure = past_gaps.figure
    where asked.benchmark != 'target' or actual.target is not null

),

valued as (

    select
        *,
        {{ ratio('above', 'below') }} as value,
        coalesce(target_share, {{ ratio('benchmark_above', 'benchmark_below') }}) as benchmark_value,
        -- What a share is expected to be: half a success more, so that nothing seen is not never.
        case
            when benchmark in ('own_trailing', 'peers')
                then {{ ratio('benchmark_above + 0.5', 'benchmark_below + 1') }}
            else coalesce(target_share, {{ ratio('benchmark_above', 'benchmark_below') }})
        end as expected_share
    from compared

),

spread as (

    select
        *,
        case
            when benchmark = 'peers'
                then
                    greatest(
                        case
                            when {{ any_of('scope_type', by_motion) | indent(28) }}
                                then {{ between_variance(
                            'benchmark_above', 'benchmark_below', 'peer_shares', 'peer_squared',
                            "case kind when 'share' then expected_share * (1 - expected_share) * (peers - 1)"
                            ~ ' else peer_within - ' ~ ratio('peer_within_squared', 'benchmark_below')
                            ~ ' end'
                        ) | indent(24) }}
                            else 0
                        end,
                        case kind
                            when 'share'
                                then power(
                                    {{ ordinary_spread('share', 'people') }}
                                    * expected_share * (1 - expected_share), 2
                                )
                            else power({{ ordinary_spread('amount', 'people') }} * benchmark_value, 2)
                        end
                    )
            when kind = 'share'
                then
                    power(
                        {{ ordinary_spread('share', 'time') }}
                        * expected_share * (1 - expected_share), 2
                    )
            else power({{ ordinary_spread('amount', 'time') }} * benchmark_value, 2)
        end as spread_variance
    from valued

),

-- How far from its benchmark a figure may be by chance: the spread, how well the benchmark is known and,
-- where days are compared, how days differ.
measured as (

    select
        *,
        case kind
            when 'share'
                then
                    spread_variance
                    + case benchmark
                        when 'peers'
                            then
                                spread_variance
                                * {{ ratio('peer_squared', 'benchmark_below * benchmark_below') }}
                                + {{ ratio('expected_share * (1 - expected_share)', 'benchmark_below') }}
                        when 'own_trailing'
                            then
                                trailing_dispersion
                                * {{ ratio('expected_share * (1 - expected_share)', 'benchmark_below') }}
                                + (trailing_dispersion - 1)
                                * {{ ratio('expected_share * (1 - expected_share)', 'below') }}
                        when 'target'
                            then
                                (dispersion - 1)
                                * {{ ratio('expected_share * (1 - expected_share)', 'below') }}
                        else 0
                    end
            else
                spread_variance + variance
                + case benchmark
                    when 'peers'
                        then
                            spread_variance
                            * {{ ratio('peer_squared', 'benchmark_below * benchmark_below') }}
                            + {{ ratio('peer_within_squared', 'benchmark_below * benchmark_below') }}
                    when 'own_trailing' then trailing_variance
                    else 0
                end
        end as total_variance
    from spread

),

judged as (

    select
        *,
        value - benchmark_value as difference,
        case
            when status != 'ok' then status
            when is_unsettled and benchmark in ('own_trailing', 'target') then 'maturing'
            when has_gaps then 'partial'
            when figure = 'period_end_bookings' and not is_period_over then 'maturing'
            when benchmark_value is null or coalesce(peers, 1) = 0 then 'no_benchmark'
            when
                coalesce(below, 0) = 0
                or kind = 'share' and (
                    below < minimum_sample
                    or benchmark in ('own_trailing', 'peers') and benchmark_below < minimum_sample
                    or side = 'both' and below * expected_share < {{ fewest_expected() }}
                    or side != 'both' and below < {{ fewest_expected() }}
                    or side != 'both'
                    and benchmark in ('own_trailing', 'peers')
                    and benchmark_below < {{ fewest_expected() }}
                )
                or kind = 'amount' and (
                    below < minimum_sample
                    or below * benchmark_value < {{ fewest_expected() }}
                    or days < {{ fewest_days() }}
                    or benchmark = 'own_trailing' and trailing_days < {{ fewest_days() }}
                )
                then 'small_sample'
            else 'ok'
        end as comparison_status
    from measured

),

-- A benchmark that allows of no chance cannot be tested with: a target of 0 % or 100 %.
shaped as (

    select
        *,
        comparison_status = 'ok' and is_tested
        and (kind = 'amount' and total_variance > 0 or expected_share > 0 and expected_share < 1)
            as is_testable,
        least(above, below) as successes,
        greatest(
            {{ ratio('expected_share * (1 - expected_share)', 'total_variance') }} - 1, 0.01
        ) as knowledge
    from judged

),

-- the engine may take a root before it knows that the row needs none
tails as (

    select
        *,
        case
            when not is_testable then null
            when kind = 'amount' then {{ normal_above(
                ratio('benchmark_value - value', 'sqrt(greatest(0, total_variance))')
            ) }}
            when least(successes, below) <= {{ most_terms() }}
                then {{ beta_binomial_at_most(
                    'successes', 'below', 'expected_share * knowledge', '(1 - expected_share) * knowledge'
                ) }}
            else {{ normal_above(ratio(
                'below * expected_share - successes - 0.5',
                'sqrt(greatest(0, below * expected_share * (1 - expected_share)'
                ~ ' * (1 + ' ~ ratio('below - 1', 'knowledge + 1') ~ ')))'
            )) }}
        end as at_most,
        case
            when not is_testable then null
            when kind = 'amount' then {{ normal_above(
                ratio('value - benchmark_value', 'sqrt(greatest(0, total_variance))')
            ) }}
            when least(successes, below) <= {{ most_terms() }}
                then
                    1 - case
                        when successes = 0 then 0
                        else {{ beta_binomial_at_most(
                            'greatest(successes - 1, 0)', 'below', 'expected_share * knowledge',
                            '(1 - expected_share) * knowledge'
                        ) }}
                    end
            else {{ normal_above(ratio(
                'successes - 0.5 - below * expected_share',
                'sqrt(greatest(0, below * expected_share * (1 - expected_share)'
                ~ ' * (1 + ' ~ ratio('below - 1', 'knowledge + 1') ~ ')))'
            )) }}
        end as at_least
    from shaped

),

tested as (

    select
        *,
        case
            when at_most is null then null
            when side = 'both' then least(1, 2 * least(at_most, at_least))
            when side = 'above' then at_least
            else at_most
        end as p_value
    from tails

),

ranked as (

    {{ with_false_discovery_q('tested', 'p_value') | indent(4) }}

),

corrected as (

    select
        period_type,
        period_start,
        period_end,
        scope_type,
        scope_key,
        figure,
        benchmark,
        kind,
        above as numerator,
        below as denominator,
        value,
        benchmark_above as benchmark_numerator,
        benchmark_below as benchmark_denominator,
        benchmark_value,
        difference,
        peers,
        sqrt(greatest(0, total_variance)) as chance_deviation,
        comparison_status as status,
        p_value,
        q_value,
        notable
    from ranked

),

flagged as (

    select
        *,
        coalesce(
            q_value < {{ false_discovery_limit() }}
            and abs(difference) >= notable * benchmark_value,
            false
        ) as is_notable
    from corrected

)

select * from flagged
