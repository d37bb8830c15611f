-- one row per day looked at, target list, look-back and scope
{% set by_list = 'as_of_on, look_back, list_name' %}
with

members as (

    select * from {{ ref('act_target_members') }}

),

scopes as (

    select * from {{ ref('act_coverage_scopes') }}

),

actions as (

    select * from {{ ref('act_target_account_actions') }}

),

windows as (

    select * from {{ ref('act_coverage_windows') }}

),

lists as (

    select
        as_of_on,
        list_name,
        count(*) as accounts,
        count(*) filter (where not is_known) as accounts_unknown
    from members
    group by as_of_on, list_name

),

-- who did what with whom, told once however often in the look-back
once as (

    select
        windows.as_of_on,
        windows.look_back,
        members.list_name,
        actions.account_id,
        actions.rep_id,
        actions.team,
        actions.business_unit,
        actions.motion,
        actions.person_id,
        bool_or(actions.approaches > 0) as is_approached,
        bool_or(actions.connects > 0) as is_connected,
        bool_or(actions.meetings_held > 0) as is_met,
        bool_or(actions.opportunities_created > 0) as has_opportunity
    from windows
    inner join members on windows.as_of_on = members.as_of_on
    inner join actions
        on
            members.account_id = actions.account_id
            and actions.acted_on between windows.window_start and windows.as_of_on
    group by all

),

reached as (

    select
        {{ by_list }},
        case
            {% for scope in member_scopes() %}
            when grouping({{ scope_columns()[scope][0] }}) = 0 then '{{ scope }}'
            {% endfor %}
            else 'company'
        end as scope_type,
        case
            {% for scope in member_scopes() %}
            when grouping({{ scope_columns()[scope][0] }}) = 0 then {{ scope_columns()[scope][0] }}
            {% endfor %}
            else 'company'
        end as scope_key,
        count(distinct account_id) filter (where is_approached) as accounts_approached,
        count(distinct account_id) filter (where is_connected) as accounts_connected,
        count(distinct account_id) filter (where is_met) as accounts_met,
        count(distinct account_id) filter (where has_opportunity) as accounts_with_opportunity,
        count(distinct account_id || ' ' || person_id) filter (where is_approached)
            as persons_approached,
        count(distinct account_id || ' ' || person_id) filter (where is_connected)
            as persons_reached
    from once
    group by grouping sets (
        ({{ by_list }}),
        {% for scope in member_scopes() %}
        ({{ by_list }}, {{ scope_columns()[scope][0] }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

-- Absent is not zero: what no day of the look-back could show is not known.
counted as (

    select
        lists.as_of_on,
        lists.list_name,
        scopes.look_back,
        scopes.window_start,
        scopes.scope_type,
        scopes.scope_key,
        lists.accounts,
        lists.accounts_unknown,
        {% for figure, counts in {
            'approach': ['accounts_approached', 'persons_approached'],
            'connect': ['accounts_connected', 'persons_reached'],
            'meeting': ['accounts_met'],
            'opportunity': ['accounts_with_opportunity'],
        }.items() %}
        {% for count in counts %}
        case when scopes.{{ figure }}_days > 0 then coalesce(reached.{{ count }}, 0) end as {{ count }},
        {% endfor %}
        {% endfor %}
        scopes.covered_days,
        scopes.uncovered_days
    from lists
    inner join scopes on lists.as_of_on = scopes.as_of_on
    left join reached
        on
            lists.as_of_on = reached.as_of_on
            and lists.list_name = reached.list_name
            and scopes.look_back = reached.look_back
            and scopes.scope_type = reached.scope_type
            and scopes.scope_key = reached.scope_key

),

rated as (

    select
        as_of_on,
        list_name,
        look_back,
        window_start,
        scope_type,
        scope_key,
        accounts,
        accounts_unknown,
        accounts_approached,
        accounts_connected,
        accounts_met,
        accounts_with_opportunity,
        {{ ratio('accounts_approached', 'accounts') }} as approached_share,
        {{ ratio('accounts_connected', 'accounts') }} as connected_share,
        {{ ratio('accounts_met', 'accounts') }} as met_share,
        {{ ratio('accounts_with_opportunity', 'accounts') }} as opportunity_share,
        persons_approached,
        persons_reached,
        {{ ratio('persons_reached', 'accounts_connected') }} as persons_per_account_reached,
        covered_days,
        uncovered_days,
        {{ figure_status('covered_days', 'uncovered_days', 'false', 'false') }} as status
    from counted

)

select * from rated
