-- one row per rep and local date on which the rep is on the roster, up to the as-of date
with

rep_days as (

    select * from {{ ref('act_rep_days') }}

),

files as (

    select * from {{ ref('act_files') }}

),

facts as (

    select
        rep_days.rep_id,
        rep_days.date,
        rep_days.team,
        rep_days.business_unit,
        rep_days.motion,
        rep_days.manager_rep_id,
        rep_days.has_cti,
        rep_days.is_business_day,
        rep_days.working_day,
        rep_days.file_id as source_file_id,
        files.path as source_file,
        rep_days.record as source_record
    from rep_days
    left join files on rep_days.file_id = files.file_id

)

select * from facts
