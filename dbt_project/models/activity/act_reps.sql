-- one row per rep and day its roster row became valid
with

deliveries as (

    select *
    from {{ ref('stg_planning__roster') }}
    where reject_reason is null

),

current_rows as (

    select *
    from deliveries
    qualify
        row_number() over (
            partition by deliveries.rep_id, deliveries.valid_from
            order by
                deliveries.extracted_at desc,
                deliveries.file_id desc,
                deliveries.record desc
        ) = 1

),

reps as (

    select
        rep_id,
        rep_name,
        lower(email) as email,
        crm_user_id,
        cti_user_key,
        coalesce(team, '(unassigned)') as team,
        coalesce(business_unit, '(unassigned)') as business_unit,
        coalesce(motion, '(unassigned)') as motion,
        manager_rep_id,
        coalesce(cti, 'yes') <> 'none' as has_cti,
        coalesce(valid_from, date '1900-01-01') as valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        file_id,
        record,
    from current_rows

)

select * from reps
