-- one row per day on which target lists are looked at, look-back and scope: the days its figures stand on
{% set needs = {
    'approach': ['cti', 'sfa_emails'],
    'connect': ['cti'],
    'meeting': ['sfa_events', 'meeting_outcome'],
    'opportunity': ['sfa_events', 'sfa_opportunities'],
} %}
with

windows as (

    select * from {{ ref('act_coverage_windows') }}

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

actions as (

    select * from {{ ref('act_target_account_actions') }}

),

callers as (

    {{ callers_by_scope('rep_days') }}

),

-- the company always, people and their groups while the roster knows them or they did something
scopes as (

    select
        as_of_on,
        look_back,
        window_start,
        'company' as scope_type,
        'company' as scope_key
    from windows

    union

    select
        windows.as_of_on,
        windows.look_back,
        windows.window_start,
        callers.scope_type,
        callers.scope_key
    from windows
    inner join callers on callers.date between windows.window_start and windows.as_of_on

    {% for scope in member_scopes() %}
    {% set column = scope_columns()[scope][0] %}
    union

    select
        windows.as_of_on,
        windows.look_back,
        windows.window_start,
        '{{ scope }}' as scope_type,
        actions.{{ column }} as scope_key
    from windows
    inner join actions on actions.acted_on between windows.window_start and windows.as_of_on
    {% endfor %}

),

scope_days as (

    select
        scopes.as_of_on,
        scopes.look_back,
        scopes.window_start,
        scopes.scope_type,
        scopes.scope_key,
        dates.date,
        coalesce(callers.has_cti_callers, company_callers.has_cti_callers, true)
            as has_cti_callers,
        coalesce(callers.has_crm_callers, company_callers.has_crm_callers, false)
            as has_crm_callers
    from scopes
    inner join dates on dates.date between scopes.window_start and scopes.as_of_on
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
        scope_days.as_of_on,
        scope_days.look_back,
        scope_days.window_start,
        scope_days.scope_type,
        scope_days.scope_key,
        {{ are_calls_there(
            'need_days', 'scope_days.has_cti_callers', 'scope_days.has_crm_callers'
        ) | indent(8) }} as is_cti_met,
        {%- for need in needs.values() | sum(start=[]) | unique | sort if need != 'cti' %}
        coalesce(need_days.is_{{ need }}_met, false) as is_{{ need }}_met{{ ',' if not loop.last }}
        {%- endfor %}
    from scope_days
    left join need_days on scope_days.date = need_days.date

),

shown as (

    select
        *,
        {% for figure, needed in needs.items() %}
        {% for need in needed %}
        {{ 'and ' if not loop.first }}is_{{ need }}_met
        {% endfor %}
            as is_{{ figure }}_shown{{ ',' if not loop.last }}
        {% endfor %}
    from met_needs

),

counted as (

    select
        as_of_on,
        look_back,
        window_start,
        scope_type,
        scope_key,
        {% for figure in needs %}
        count(*) filter (where is_{{ figure }}_shown) as {{ figure }}_days,
        {% endfor %}
        count(*) filter (
            where
            {% for figure in needs %}
            {{ 'or ' if not loop.first }}is_{{ figure }}_shown
            {% endfor %}
        ) as covered_days,
        count(*) filter (
            where not (
                {% for figure in needs %}
                {{ 'and ' if not loop.first }}is_{{ figure }}_shown
                {% endfor %}
            )
        ) as uncovered_days
    from shown
    group by as_of_on, look_back, window_start, scope_type, scope_key

)

select * from counted
