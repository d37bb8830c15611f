-- one row per period, scope and set of needs: which days of the period the needed sources cover
with

periods as (

    select * from {{ ref('act_periods') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

metric_facts as (

    select * from {{ ref('act_metric_facts') }}

),

targets as (

    select * from {{ ref('act_targets') }}

),

callers as (

    {{ callers_by_scope('rep_days') }}

),

-- Before the first day anything is known about, there are no periods to report.
first_known_days as (

    select min(date) as first_day
    from need_days
    where is_known_day_met

),

first_counted_periods as (

    select
        period_type,
        min(period_start) as period_start,
    from metric_facts
    where measure != 'working_days'
    group by period_type

),

known_periods as (

    select periods.*
    from periods
    cross join first_known_days
    left join first_counted_periods on periods.period_type = first_counted_periods.period_type
    where
        periods.period_end >= first_known_days.first_day
        or periods.period_start >= first_counted_periods.period_start

),

-- People and their groups exist while the roster says so; everybody exists while the company does.
rostered as (

    select distinct
        known_periods.period_type,
        known_periods.period_start,
        callers.scope_type,
        callers.scope_key
    from known_periods
    inner join callers
        on callers.date between known_periods.period_start and known_periods.last_day

    union

    select
        period_type,
        period_start,
        'company' as scope_type,
        'company' as scope_key
    from known_periods

),

-- A channel, campaign, call list or former colleague exists from the first to the last period
-- something is counted.
lifetimes as (

    select
        period_type,
        scope_type,
        scope_key,
        min(period_start) as first_start,
        max(period_start) as last_start
    from metric_facts
    where measure != 'working_days'
    group by period_type, scope_type, scope_key

),

known_scopes as (

    select scope_type, scope_key from rostered

    union

    select scope_type, scope_key from lifetimes

),

scopes as (

    select * from rostered

    union

    select
        known_periods.period_type,
        known_periods.period_start,
        lifetimes.scope_type,
        lifetimes.scope_key
    from known_periods
    inner join lifetimes
        on
            known_periods.period_type = lifetimes.period_type
            and known_periods.period_start between lifetimes.first_start and lifetimes.last_start
    where lifetimes.scope_type in ('channel', 'campaign', 'call_list', 'team_channel')

    union

    select period_type, period_start, scope_type, scope_key
    from metric_facts

    union

    select targets.period_type, targets.period_start, targets.scope_type, targets.scope_key
    from targets
    inner join known_periods
        on
            targets.period_type = known_periods.period_type
            and targets.period_start = known_periods.period_start
    -- A target for a scope nobody knows is a typing error; kpi_data_quality counts it.
    inner join known_scopes
        on
            targets.scope_type = known_scopes.scope_type
            and targets.scope_key = known_scopes.scope_key

),

scope_days as (

    select
        known_periods.period_type,
        known_periods.period_start,
        scopes.scope_type,
        scopes.scope_key,
        dates.date,
        coalesce(callers.has_cti_callers, company_callers.has_cti_callers, true)
            as has_cti_callers,
        coalesce(callers.has_crm_callers, company_callers.has_crm_callers, false)
            as has_crm_callers
    from scopes
    inner join known_periods
        on
            scopes.period_type = known_periods.period_type
            and scopes.period_start = known_periods.period_start
    inner join dates
        on dates.date between known_periods.period_start and known_periods.last_day
    left join callers
        on
            dates.date = callers.date
            and scopes.scope_type = callers.scope_type
            and scopes.scope_key = callers.scope_key
    left join callers as company_callers
        on dates.date = company_callers.date and company_callers.scope_type = 'company'

),

met_needs as (

    select
        scope_days.period_type,
        scope_days.period_start,
        scope_days.scope_type,
        scope_days.scope_key,
        {{ are_calls_there(
            'need_days', 'scope_days.has_cti_callers', 'scope_days.has_crm_callers'
        ) | indent(8) }} as is_cti_met,
        {%- for need in all_needs() if need != 'cti' %}
        coalesce(need_days.is_{{ need }}_met, false) as is_{{ need }}_met{{ ',' if not loop.last }}
        {%- endfor %}
    from scope_days
    left join need_days on scope_days.date = need_days.date

)
{% if execute %}
{% set combinations = catalogue_metrics() | map(attribute='needs') | unique | sort | list %}
,

counted as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        cast(count(*) as bigint) as days,
        {% for needs in combinations %}
        cast(sum(
            case
                when {{ 'true' if needs == 'nothing' else 'is_' ~ needs.split('+') | join('_met and is_') ~ '_met' }}
                    then 1
                else 0
            end
        ) as bigint) as days_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from met_needs
    group by period_type, period_start, scope_type, scope_key

),

by_needs as (

    {% for needs in combinations %}
    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        '{{ needs }}' as needs,
        days_{{ loop.index }} as covered_days,
        days - days_{{ loop.index }} as uncovered_days
    from counted
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from by_needs
{% else %}
select * from met_needs
{% endif %}
