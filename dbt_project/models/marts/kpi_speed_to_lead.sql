-- one row per period and scope: how fast hand-raises were answered, open ones included
{% set counts = [
    'hand_raises', 'hand_raises_linked', 'hand_raises_attempted', 'hand_raises_connected', 'hand_raises_open',
    'hand_raises_within_5_minutes', 'hand_raises_due_5_minutes', 'hand_raises_within_30_minutes',
    'hand_raises_due_30_minutes', 'hand_raises_within_60_minutes', 'hand_raises_due_60_minutes',
    'hand_raises_within_same_day', 'hand_raises_due_same_day',
] %}
{% set shares = [
    'hand_raise_share_within_5_minutes', 'hand_raise_share_within_30_minutes',
    'hand_raise_share_within_60_minutes', 'hand_raise_share_within_same_day', 'hand_raise_attempted_share',
    'hand_raise_connected_share',
] %}
{% set quantiles = {'median': 0.5, 'p90': 0.1} %}
with

scorecard as (

    select * from {{ ref('kpi_scorecard') }}

),

hand_raises as (

    select * from {{ ref('act_hand_raises') }}
    where is_linked

),

dates as (

    select * from {{ ref('act_dates') }}

),

-- counts and shares are the scorecard's
figures as (

    select
        period_type,
        period_start,
        period_end,
        is_period_over,
        scope_type,
        scope_key,
        {% for count in counts %}
        cast(max(case when metric = '{{ count }}' then value end) as bigint) as {{ count }},
        {% endfor %}
        {% for share in shares %}
        max(case when metric = '{{ share }}' then value end) as {{ share }},
        {% endfor %}
        max(case when metric = 'hand_raise_attempted_share' then covered_days end) as covered_days,
        max(case when metric = 'hand_raise_attempted_share' then uncovered_days end)
            as uncovered_days,
        max(case when metric = 'hand_raise_attempted_share' then status end) as status
    from scorecard
    where
        metric in (
            {% for metric in counts + shares %}
            '{{ metric }}'{{ ',' if not loop.last }}
            {% endfor %}
        )
    group by
        period_type,
        period_start,
        period_end,
        is_period_over,
        scope_type,
        scope_key

),

{{ numbered_scopes('hand_raises') }},

{{ numbered_periods('dates') }},

-- who was not answered yet has waited until the end of the as-of day at least
waits as (

    {% for seconds, is_over in [
        ('seconds_to_attempt', 'is_attempted'), ('seconds_to_connect', 'is_connected'),
    ] %}
    select
        hand_raises.raised_on,
        places.place,
        {{ loop.last | lower }} as is_for_connect,
        hand_raises.{{ is_over }} as is_over,
        case
            when hand_raises.{{ is_over }} then hand_raises.{{ seconds }} else hand_raises.seconds_to_end
        end as seconds
    from hand_raises
    inner join places
        on
            {{ same_place('hand_raises', 'places') | indent(8) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

lengths as (

    select
        period_days.period,
        place_scopes.scope,
        waits.is_for_connect,
        waits.seconds,
        count(*) as waits,
        count(*) filter (where waits.is_over) as answers
    from waits
    inner join period_days on waits.raised_on = period_days.date
    inner join place_scopes on waits.place = place_scopes.place
    group by
        period_days.period,
        place_scopes.scope,
        waits.is_for_connect,
        waits.seconds

),

at_risk as (

    select
        *,
        sum(waits) over (
            partition by period, scope, is_for_connect
            order by seconds desc
            rows between unbounded preceding and current row
        ) as still_waiting
    from lengths

),

-- Kaplan–Meier: of those still waiting so long, which share was not answered then. Logarithms are added as
-- exact decimals, so that no order of adding shows.
kept as (

    select
        *,
        answers = still_waiting as is_nobody_left,
        case
            when answers < still_waiting
                then
                    cast(
                        ln({{ ratio('still_waiting - answers', 'still_waiting') }})
                        as decimal(38, 18)
                    )
            else 0
        end as log_kept
    from at_risk
    where answers > 0

),

survival as (

    select
        *,
        sum(log_kept) over (
            partition by period, scope, is_for_connect
            order by seconds
            rows between unbounded preceding and current row
        ) as log_waiting
    from kept

),

-- the first wait by which that share was answered; null while too many are open to say
first_waits as (

    select
        period,
        scope,
        {% for answer, is_answer in {'attempt': 'not is_for_connect', 'connect': 'is_for_connect'}.items() %}
        {% set last_answer = loop.last %}
        {% for quantile, share in quantiles.items() %}
        min(seconds) filter (
            where
                {{ is_answer }}
                and (is_nobody_left or log_waiting <= cast(ln({{ share }}) + 1e-9 as decimal(38, 18)))
        ) as {{ quantile }}_to_{{ answer }}{{ ',' if not (last_answer and loop.last) }}
        {% endfor %}
        {% endfor %}
    from survival
    group by period, scope

),

oldest_waits as (

    select
        period,
        scope,
        max(seconds) as oldest_open
    from lengths
    where
        not is_for_connect
        and waits > answers
    group by period, scope

),

quantiles as (

    select
        periods.period_type,
        periods.period_start,
        scopes.scope_type,
        scopes.scope_key,
        first_waits.* exclude (period, scope)
    from first_waits
    inner join periods on first_waits.period = periods.period
    inner join scopes on first_waits.scope = scopes.scope

),

oldest as (

    select
        periods.period_type,
        periods.period_start,
        scopes.scope_type,
        scopes.scope_key,
        oldest_waits.oldest_open
    from oldest_waits
    inner join periods on oldest_waits.period = periods.period
    inner join scopes on oldest_waits.scope = scopes.scope

),

speeds as (

    select
        figures.period_type,
        figures.period_start,
        figures.period_end,
        figures.is_period_over,
        figures.scope_type,
        figures.scope_key,
        {% for count in counts %}
        figures.{{ count }},
        {% endfor %}
        {% for answer in ('attempt', 'connect') %}
        {% for quantile in quantiles %}
        case
            when figures.covered_days > 0
                then {{ ratio('quantiles.' ~ quantile ~ '_to_' ~ answer, '60') }}
        end as {{ quantile }}_business_minutes_to_{{ answer }},
        {% endfor %}
        {% endfor %}
        case
            when figures.covered_days > 0 then {{ ratio('oldest.oldest_open', '60') }}
        end as oldest_open_business_minutes,
        {% for share in shares %}
        figures.{{ share }},
        {% endfor %}
        figures.covered_days,
        figures.uncovered_days,
        figures.status
    from figures
    left join quantiles
        on
            figures.period_type = quantiles.period_type
            and figures.period_start = quantiles.period_start
            and figures.scope_type = quantiles.scope_type
            and figures.scope_key = quantiles.scope_key
    left join oldest
        on
            figures.period_type = oldest.period_type
            and figures.period_start = oldest.period_start
            and figures.scope_type = oldest.scope_type
            and figures.scope_key = oldest.scope_key

)

select * from speeds
