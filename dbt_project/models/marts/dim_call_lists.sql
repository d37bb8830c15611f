-- one row per call list, and one for the calls of none
with

names as (

    select * from {{ ref('act_call_list_names') }}

),

calls as (

    select * from {{ ref('fct_calls') }}

),

named as (

    select
        call_list,
        string_agg(distinct list_origin, ' + ' order by list_origin) as list_origin,
        bool_or(is_named_by_planning) as is_named_by_planning
    from names
    group by call_list

),

dialled as (

    select
        call_list,
        min(called_on) filter (where is_dial) as first_dialled_on,
        max(called_on) filter (where is_dial) as last_dialled_on,
        count(*) filter (where is_dial) as dials,
        count(distinct person_id) filter (where is_dial) as persons_dialled
    from calls
    group by call_list

),

lists as (

    select call_list from named

    union

    select call_list from dialled

    union

    select '(none)' as call_list

),

dimension as (

    select
        lists.call_list,
        coalesce(named.list_origin, '(none)') as list_origin,
        coalesce(named.is_named_by_planning, false) as is_named_by_planning,
        dialled.first_dialled_on,
        dialled.last_dialled_on,
        coalesce(dialled.dials, 0) as dials,
        coalesce(dialled.persons_dialled, 0) as persons_dialled
    from lists
    left join named on lists.call_list = named.call_list
    left join dialled on lists.call_list = dialled.call_list

)

select * from dimension
