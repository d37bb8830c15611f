-- one row per local date: what figures need, and whether the day has it
with

settings as (

    select * from {{ ref('act_settings') }}

),

source_coverage as (

    select * from {{ ref('act_source_coverage') }}

),

need_coverage as (

    select * from {{ ref('act_need_coverage') }}

),

gates as (

    select * from {{ ref('act_acceptance_gates') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

titles as (

    select *
    from {{ ref('stg_planning__title_map') }}
    where reject_reason is null

),

-- before the first target list there was nobody to approach from it
first_lists as (

    select min(valid_from) as first_listed_on
    from {{ ref('act_target_accounts') }}

),

first_known_days as (

    select min(date) as first_known_on
    from source_coverage
    where is_covered

),

-- Outcomes nobody records cannot be told from meetings nobody held.
recorded_outcomes as (

    select count(*) > 0 as are_recorded
    from meetings
    where
        is_held
        or is_no_show

),

known_gates as (

    select coalesce(bool_and(is_known), false) as are_known
    from gates

),

known_titles as (

    select count(*) > 0 as are_known
    from titles

),

export_days as (

    select
        date,
        bool_or(is_delivered) filter (where need = 'sfa_tasks') as are_tasks_delivered,
        {%- for need in export_needs() %}
        bool_or(is_covered) filter (where need = '{{ need }}') as is_{{ need }}_met,
        {%- endfor %}
    from need_coverage
    group by date

),

need_days as (

    select
        export_days.*,
        coalesce(export_days.date >= first_known_days.first_known_on, false)
            as is_known_day_met,
        recorded_outcomes.are_recorded as is_meeting_outcome_met,
        case settings.shodan_event
            when 'held' then recorded_outcomes.are_recorded
            when 'opportunity' then export_days.is_sfa_opportunities_met
            else true
        end as is_shodan_event_met,
        known_gates.are_known as is_acceptance_met,
        known_titles.are_known as is_title_map_met,
        coalesce(export_days.date >= first_lists.first_listed_on, false)
            as is_target_list_met,
    from export_days
    cross join settings
    cross join first_known_days
    cross join recorded_outcomes
    cross join known_gates
    cross join known_titles
    cross join first_lists

)

select * from need_days
