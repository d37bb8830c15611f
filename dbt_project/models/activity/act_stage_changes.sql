-- one row per change of an opportunity's stage, its first stage included
with

history as (

    select * from {{ ref('act_opportunity_history') }}

),

compared as (

    select
        opportunity_id,
        entry_number,
        recorded_at as changed_at,
        recorded_on as changed_on,
        lag(stage) over entries as from_stage,
        stage as to_stage,
        lag(stage_sort_order) over entries as from_sort_order,
        stage_sort_order as to_sort_order,
        is_closed,
        is_won,
        is_stage_known
    from history
    window entries as (partition by opportunity_id order by entry_number)

),

final as (

    select *
    from compared
    where to_stage is distinct from from_stage

)

select * from final
