-- one row per period, window, diagnosed scope and figure: both counts and how they vary from day to day
{% set figures = compared_figures() %}
{% set calendar = {'figure': 'calendar', 'above': 'ending_working_days', 'below': 'inside_working_days'} %}
with

scope_days as (

    select * from {{ ref('act_scope_days') }}

),

windows as (

    select * from {{ ref('act_diagnosis_windows') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

window_days as (

    select
        windows.period_type,
        windows.period_start,
        windows.time_window,
        dates.date,
        coalesce(dates.date >= windows.ending_from, false) as is_ending
    from windows
    inner join dates on dates.date between windows.first_day and windows.last_day

),

days as (

    select
        window_days.period_type,
        window_days.period_start,
        window_days.time_window,
        scope_days.*,
        scope_days.meetings_acquired - scope_days.meetings_acquired_from_connect
            as meetings_without_connect,
        case when window_days.is_ending then scope_days.meetings_acquired else 0 end
            as ending_meetings,
        case when window_days.is_ending then scope_days.inside_working_days else 0 end
            as ending_working_days
    from window_days
    inner join scope_days on window_days.date = scope_days.date

),

-- exact decimals: the sum of doubles would depend on the order two threads add in
added_up as (

    select
        period_type,
        period_start,
        time_window,
        scope_type,
        scope_key,
        {% for one in figures + [calendar] %}
        {% set above, below, name = one.above, one.below, one.figure %}
        cast(sum(cast({{ above }} as decimal(38, 4))) as double) as {{ name }}_above,
        cast(sum(cast({{ below }} as decimal(38, 4))) as double) as {{ name }}_below,
        count(*) filter (where {{ above }} > 0 or {{ below }} > 0) as {{ name }}_days,
        cast(sum(cast(case when {{ below }} > 0 then {{ above }} end as decimal(38, 4))) as double)
            as {{ name }}_tried,
        cast(sum(cast({{ ratio(above ~ ' * ' ~ above, below) }} as decimal(38, 10))) as double)
            as {{ name }}_shares,
        cast(sum(cast({{ above }} * {{ above }} as decimal(38, 4))) as double) as {{ name }}_aa,
        cast(sum(cast({{ above }} * {{ below }} as decimal(38, 4))) as double) as {{ name }}_ab,
        cast(sum(cast({{ below }} * {{ below }} as decimal(38, 4))) as double) as {{ name }}_bb
        {{- ',' if not loop.last }}
        {% endfor %}
    from days
    group by period_type, period_start, time_window, scope_type, scope_key

),

by_figure as (

    {% for one in figures + [calendar] %}
    select
        period_type,
        period_start,
        time_window,
        scope_type,
        scope_key,
        '{{ one.figure }}' as figure,
        {{ one.figure }}_above as above,
        {{ one.figure }}_below as below,
        {{ one.figure }}_days as days,
        coalesce({{ one.figure }}_tried, 0) as tried,
        coalesce({{ one.figure }}_shares, 0) as shares,
        {{ one.figure }}_aa as above_squared,
        {{ one.figure }}_ab as above_below,
        {{ one.figure }}_bb as below_squared
    from added_up
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from by_figure
