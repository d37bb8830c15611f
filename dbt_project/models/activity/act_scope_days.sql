-- one row per date and diagnosed scope: the counts a diagnosis compares
{% set dimensions = missing_names() %}
{% set own = day_dimensions() %}
{% set scopes = diagnosed_scopes() %}
{% set counted = [
    'dials', 'connects', 'meetings_acquired', 'meetings_acquired_from_connect',
    'meetings_acquired_of_cohort', 'accepted', 'opportunities_created', 'opportunities_won_of_cohort',
    'connect_talk_seconds', 'timed_connects', 'no_shows_of_cohort', 'meetings_outcome_known_of_cohort',
    'hand_raises_within_same_day', 'hand_raises_due_same_day',
] %}
{% set of_calls = ['dials', 'connects', 'connect_talk_seconds', 'timed_connects'] %}
{% set added = ['inside_working_days', 'due_meetings', 'overdue_meetings'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

metric_days as (

    select * from {{ ref('act_metric_days') }}

),

list_days as (

    select * from {{ ref('act_metric_list_days') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

-- Decided, but later than a meeting expires after its last planned day; only of meetings that old, because
-- of younger ones no late decision can be known.
due as (

    select
        meetings.booked_on as date,
        meetings.rep_id,
        meetings.team,
        meetings.booked_on + cast(meetings.days_to_decision as integer)
        > meetings.last_scheduled_on + settings.decision_expires_after_days as is_overdue
    from meetings
    cross join settings
    where
        meetings.is_acquired
        and meetings.days_to_decision is not null
        and meetings.last_scheduled_on + settings.decision_expires_after_days
        < settings.as_of_date

),

days as (

    select
        date,
        {% for dimension in dimensions %}
        {{ dimension if dimension in own else 'cast(null as varchar)' }} as {{ dimension }},
        {% endfor %}
        {% for measure in counted %}
        cast({{ measure }} as decimal(38, 4)) as {{ measure }},
        {% endfor %}
        cast(case when motion in ('sdr', 'bdr') then working_days else 0 end as decimal(38, 4))
            as inside_working_days,
        0 as due_meetings,
        0 as overdue_meetings
    from metric_days

    union all

    select
        date,
        {% for dimension in dimensions %}
        {{ dimension if dimension in ('rep_id', 'team') else 'cast(null as varchar)' }} as {{ dimension }},
        {% endfor %}
        {% for measure in counted %}
        0 as {{ measure }},
        {% endfor %}
        0 as inside_working_days,
        1 as due_meetings,
        case when is_overdue then 1 else 0 end as overdue_meetings
    from due

),

-- Calls alone know their list.
listed as (

    select
        date,
        'call_list' as scope_type,
        call_list as scope_key,
        {% for measure in counted + added %}
        cast({{ measure if measure in of_calls else 0 }} as double) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from list_days

),

added_up as (

    select
        date,
        case
            {% for scope in scopes if scope not in ('company', 'call_list') %}
            when grouping({{ scope_columns()[scope][0] }}) = 0 then '{{ scope }}'
            {% endfor %}
            else 'company'
        end as scope_type,
        case
            {% for scope in scopes if scope not in ('company', 'call_list') %}
            {% set column = scope_columns()[scope][0] %}
            when grouping({{ column }}) = 0 then {{ column }}
            {% endfor %}
            else 'company'
        end as scope_key,
        {% for measure in counted + added %}
        cast(sum({{ measure }}) as double) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    group by grouping sets (
        {% for scope in scopes if scope != 'call_list' %}
        ({{ (['date'] + scope_columns()[scope]) | join(', ') }}){{ ',' if not loop.last }}
        {% endfor %}
    )

)

-- A line of what cannot be attributed is nobody's, and nobody can be asked about it.
select * from (
    select * from added_up
    union all
    select * from listed
) as scoped
where scope_key is not null and {{ is_attributed('scope_key') }}
