-- one row per period (month, quarter, fiscal year), team and rep: what the rep adds to the team's goal
{#- what is counted and shared out; won_amount_yen is the goal itself #}
{%- set counts = ['approaches', 'connects', 'meetings_acquired', 'accepted', 'wins'] %}
{%- set parts = [
    'approaches', 'connects', 'meetings_acquired', 'accepted', 'accepted_mature', 'wins', 'won_amount_yen',
] %}
{#- the metric whose coverage decides whether a part is known #}
{%- set covered_by = {'accepted_mature': 'accepted'} %}
{%- set summed = [
    'approaches', 'connects', 'meetings_acquired', 'accepted', 'accepted_mature', 'wins', 'won_amount_yen',
    'working_days', 'inside_sales_days',
] %}
{#- rates look back over the period, and over as many days at least; the size of deals changes slowly #}
{%- set rates = {'conversion': 90, 'acceptance': 90, 'win': 90, 'deal': 365} %}
{%- set minimum_deals = 5 %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

metric_days as (

    select * from {{ ref('act_metric_days') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

periods as (

    select * from {{ ref('act_periods') }}
    where period_type in ('month', 'quarter', 'fiscal_year')

),

maturities as (

    select
        max(last_mature_on) filter (where maturity = 'decision') as decided_until,
        max(last_mature_on) filter (where maturity = 'win') as won_until
    from {{ ref('act_maturities') }}

),

minimum_samples as (

    select
        max(minimum_sample) filter (where metric = 'meeting_conversion_rate') as conversion,
        max(minimum_sample) filter (where metric = 'effective_meeting_rate') as acceptance,
        max(minimum_sample) filter (where metric = 'win_rate') as win
    from {{ ref('dim_metrics') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}
    where
        period_type in ('month', 'quarter', 'fiscal_year')
        and scope_type in ('company', 'team')
        and metric in (
            {% for metric in counts + ['won_amount_yen'] %}
            '{{ metric }}'{{ ',' if not loop.last }}
            {% endfor %}
        )

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

days as (

    select
        metric_days.date,
        metric_days.team,
        metric_days.rep_id,
        sum(metric_days.approaches) as approaches,
        sum(metric_days.connects) as connects,
        sum(metric_days.meetings_acquired) as meetings_acquired,
        sum(metric_days.meetings_acquired_of_cohort) as meetings_acquired_of_cohort,
        sum(metric_days.accepted) as accepted,
        sum(
            case when metric_days.date <= maturities.decided_until then metric_days.accepted else 0 end
        ) as accepted_mature,
        sum(metric_days.opportunities_won_of_cohort) as opportunities_won_of_cohort,
        sum(metric_days.wins) as wins,
        sum(metric_days.won_amounts_missing + metric_days.won_amounts_unconverted)
            as wins_without_amount,
        sum(cast(metric_days.won_amount_yen as decimal(38, 4))) as won_amount_yen,
        sum(cast(metric_days.working_days as decimal(38, 4))) as working_days,
        sum(case
            when metric_days.motion in ('sdr', 'bdr')
                then cast(metric_days.working_days as decimal(38, 4))
            else 0
        end) as inside_sales_days
    from metric_days
    cross join maturities
    group by metric_days.date, metric_days.team, metric_days.rep_id

),

months as (

    select
        dates.month_start,
        dates.quarter_start,
        dates.fiscal_year_start,
        days.team,
        days.rep_id,
        {% for name in summed %}
        sum(days.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    inner join dates on days.date = dates.date
    group by dates.month_start, dates.quarter_start, dates.fiscal_year_start, days.team, days.rep_id

),

sums as (

    {% for period_type in ['month', 'quarter', 'fiscal_year'] %}
    select
        '{{ period_type }}' as period_type,
        {{ period_type }}_start as period_start,
        team,
        rep_id,
        {% for name in summed %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from months
    group by period_start, team, rep_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Who works for inside sales is here with zeros too; of others only who counted something.
members as (

    select *
    from sums
    where
        inside_sales_days > 0
        {% for part in parts %}
        or {{ part }} != 0
        {% endfor %}

),

shared as (

    select
        *,
        {% for part in parts %}
        sum({{ part }}) over (partition by period_type, period_start, team) as team_{{ part }},
        sum({{ part }}) over (partition by period_type, period_start)
            as company_{{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from members

),

coverage as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        {% for metric in counts + ['won_amount_yen'] %}
        max(covered_days) filter (where metric = '{{ metric }}') as {{ metric }}_covered_days,
        {% endfor %}
        max(covered_days) as covered_days,
        max(uncovered_days) as uncovered_days
    from scorecard
    group by period_type, period_start, scope_type, scope_key

),

callers as (

    select
        date,
        team,
        bool_or(has_cti) as has_cti_callers,
        bool_or(not has_cti) as has_crm_callers
    from rep_days
    group by date, team

),

company_callers as (

    select
        date,
        bool_or(has_cti_callers) as has_cti_callers,
        bool_or(has_crm_callers) as has_crm_callers
    from callers
    group by date

),

-- A rate is made of days on which both its sides were exported.
team_days as (

    select
        days.date,
        days.team,
        {{ are_calls_there(
            'need_days',
            'coalesce(callers.has_cti_callers, company_callers.has_cti_callers, true)',
            'coalesce(callers.has_crm_callers, company_callers.has_crm_callers, false)'
        ) | indent(8) }}
        and need_days.is_sfa_events_met
        and need_days.is_shodan_event_met as is_conversion_known,
        need_days.is_sfa_events_met and need_days.is_sfa_opportunities_met as is_deal_known,
        need_days.is_sfa_events_met
        and need_days.is_sfa_opportunities_met
        and need_days.is_shodan_event_met
        and need_days.is_acceptance_met as is_acceptance_known,
        sum(days.connects) as connects,
        sum(days.meetings_acquired) as meetings_acquired,
        sum(days.meetings_acquired_of_cohort) as meetings_acquired_of_cohort,
        sum(days.accepted) as accepted,
        sum(days.opportunities_won_of_cohort) as opportunities_won_of_cohort,
        sum(days.wins - days.wins_without_amount) as wins_with_amount,
        sum(days.won_amount_yen) as won_amount_yen
    from days
    inner join need_days on days.date = need_days.date
    left join callers on days.date = callers.date and days.team = callers.team
    left join company_callers on days.date = company_callers.date
    group by all

),

-- Where each rate's days end: cohorts too young for it stay out.
ended as (

    select
        periods.period_type,
        periods.period_start,
        periods.last_day as conversion_until,
        least(periods.last_day, maturities.decided_until) as acceptance_until,
        case
            when maturities.won_until is not null then least(periods.last_day, maturities.won_until)
        end as win_until,
        periods.last_day as deal_until
    from periods
    cross join maturities

),

windows as (

    select
        *,
        {% for rate, days in rates.items() %}
        least(period_start, {{ rate }}_until - {{ days - 1 }}) as {{ rate }}_from{{ ',' if not loop.last }}
        {% endfor %}
    from ended

),

looked_back as (

    select
        windows.period_type,
        windows.period_start,
        team_days.team,
        sum(team_days.meetings_acquired) filter (where
            team_days.is_conversion_known
            and team_days.date between windows.conversion_from and windows.conversion_until
        ) as conversion_meetings,
        sum(team_days.connects) filter (where
            team_days.is_conversion_known
            and team_days.date between windows.conversion_from and windows.conversion_until
        ) as conversion_connects,
        sum(team_days.accepted) filter (where
            team_days.is_acceptance_known
            and team_days.date between windows.acceptance_from and windows.acceptance_until
        ) as acceptance_accepted,
        sum(team_days.meetings_acquired_of_cohort) filter (where
            team_days.is_acceptance_known
            and team_days.date between windows.acceptance_from and windows.acceptance_until
        ) as acceptance_meetings,
        sum(team_days.opportunities_won_of_cohort) filter (where
            team_days.is_acceptance_known
            and team_days.date between windows.win_from and windows.win_until
        ) as win_wins,
        sum(team_days.accepted) filter (where
            team_days.is_acceptance_known
            and team_days.date between windows.win_from and windows.win_until
        ) as win_accepted,
        sum(team_days.won_amount_yen) filter (where
            team_days.is_deal_known
            and team_days.date between windows.deal_from and windows.deal_until
        ) as deal_amount_yen,
        sum(team_days.wins_with_amount) filter (where
            team_days.is_deal_known
            and team_days.date between windows.deal_from and windows.deal_until
        ) as deal_wins
    from windows
    inner join team_days
        on
            team_days.date
            between least(
                windows.conversion_from, windows.acceptance_from, windows.win_from, windows.deal_from
            )
            and windows.conversion_until
    group by windows.period_type, windows.period_start, team_days.team

),

-- Below the catalogue's minimum sample a rate stands for nothing.
rated as (

    select
        looked_back.*,
        case
            when looked_back.conversion_connects >= minimum_samples.conversion
                then {{ ratio('looked_back.conversion_meetings', 'looked_back.conversion_connects') }}
        end as meetings_per_connect,
        case
            when looked_back.acceptance_meetings >= minimum_samples.acceptance
                then {{ ratio('looked_back.acceptance_accepted', 'looked_back.acceptance_meetings') }}
        end as accepted_per_meeting,
        case
            when looked_back.win_accepted >= minimum_samples.win
                then {{ ratio('looked_back.win_wins', 'looked_back.win_accepted') }}
        end as wins_per_accepted,
        case
            when looked_back.deal_wins >= {{ minimum_deals }}
                then {{ ratio('looked_back.deal_amount_yen', 'looked_back.deal_wins') }}
        end as average_won_amount_yen
    from looked_back
    cross join minimum_samples

),

known as (

    select
        shared.period_type,
        shared.period_start,
        periods.period_end,
        periods.is_period_over,
        shared.team,
        shared.rep_id,
        shared.working_days,
        {% for part in parts %}
        {% set covered = covered_by.get(part, part) ~ '_covered_days' %}
        case when team_coverage.{{ covered }} > 0 then shared.{{ part }} end as {{ part }},
        case when team_coverage.{{ covered }} > 0 then shared.team_{{ part }} end as team_{{ part }},
        case when company_coverage.{{ covered }} > 0 then shared.company_{{ part }} end as company_{{ part }},
        {% endfor %}
        rated.* exclude (period_type, period_start, team),
        coalesce(team_coverage.covered_days, 0) as covered_days,
        coalesce(team_coverage.uncovered_days, 0) as uncovered_days,
        coalesce(periods.period_end > maturities.decided_until, true) as is_maturing
    from shared
    inner join periods
        on
            shared.period_type = periods.period_type
            and shared.period_start = periods.period_start
    cross join maturities
    left join coverage as team_coverage
        on
            shared.period_type = team_coverage.period_type
            and shared.period_start = team_coverage.period_start
            and team_coverage.scope_type = 'team'
            and shared.team = team_coverage.scope_key
    left join coverage as company_coverage
        on
            shared.period_type = company_coverage.period_type
            and shared.period_start = company_coverage.period_start
            and company_coverage.scope_type = 'company'
    left join rated
        on
            shared.period_type = rated.period_type
            and shared.period_start = rated.period_start
            and shared.team = rated.team

),

valued as (

    select
        *,
        wins_per_accepted * average_won_amount_yen as yen_per_accepted,
        accepted_per_meeting * wins_per_accepted * average_won_amount_yen as yen_per_meeting,
        meetings_per_connect * accepted_per_meeting * wins_per_accepted * average_won_amount_yen
            as yen_per_connect
    from known

),

final as (

    select
        period_type,
        period_start,
        period_end,
        is_period_over,
        team,
        rep_id,
        cast(working_days as double) as working_days,
        {% for part in parts %}
        {% set type = 'double' if part == 'won_amount_yen' else 'bigint' %}
        cast({{ part }} as {{ type }}) as {{ part }},
        cast(team_{{ part }} as {{ type }}) as team_{{ part }},
        cast(company_{{ part }} as {{ type }}) as company_{{ part }},
        {{ ratio(part, 'team_' ~ part) }} as {{ part }}_share_of_team,
        {{ ratio(part, 'company_' ~ part) }} as {{ part }}_share_of_company,
        {% endfor %}
        cast(conversion_meetings as bigint) as conversion_meetings,
        cast(conversion_connects as bigint) as conversion_connects,
        meetings_per_connect,
        cast(acceptance_accepted as bigint) as acceptance_accepted,
        cast(acceptance_meetings as bigint) as acceptance_meetings,
        accepted_per_meeting,
        cast(win_wins as bigint) as win_wins,
        cast(win_accepted as bigint) as win_accepted,
        wins_per_accepted,
        cast(deal_amount_yen as double) as deal_amount_yen,
        cast(deal_wins as bigint) as deal_wins,
        average_won_amount_yen,
        cast(connects * yen_per_connect as double) as expected_yen_of_connects,
        cast(meetings_acquired * yen_per_meeting as double) as expected_yen_of_meetings,
        cast(accepted * yen_per_accepted as double) as expected_yen_of_accepted,
        {{
            figure_status(
                'covered_days',
                'uncovered_days',
                'is_maturing',
                'yen_per_connect is null',
            )
        }} as status
    from valued

)

select * from final
