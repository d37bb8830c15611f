-- one row per rep and day its roster row became valid
with

settings as (

    select * from {{ ref('act_settings') }}

),

reps as (

    select * from {{ ref('act_reps') }}

),

dimension as (

    select
        reps.rep_id,
        case
            when settings.show_reps_by = 'name' then coalesce(reps.rep_name, reps.rep_id)
            else reps.rep_id
        end as rep_label,
        reps.team,
        reps.business_unit,
        reps.motion,
        reps.manager_rep_id,
        reps.valid_from,
        reps.valid_to,
        settings.as_of_date between reps.valid_from and reps.valid_to as is_current,
        reps.has_cti,
    from reps
    cross join settings

)

select * from dimension
