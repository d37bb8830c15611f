-- one row per rep and span of dates with the same roster row; spans never overlap
with

reps as (

    select * from {{ ref('act_reps') }}

),

turning_points as (

    select
        rep_id,
        valid_from as span_from,
    from reps
    union
    select
        rep_id,
        valid_to + 1 as span_from,
    from reps
    where valid_to < date '9999-12-31'

),

candidates as (

    select
        turning_points.rep_id,
        turning_points.span_from,
        reps.team,
        reps.business_unit,
        reps.motion,
        reps.manager_rep_id,
        reps.has_cti,
        reps.file_id,
        reps.record,
        reps.valid_from,
        reps.valid_to >= turning_points.span_from as is_valid,
    from turning_points
    inner join reps
        on
            turning_points.rep_id = reps.rep_id
            and turning_points.span_from >= reps.valid_from

),

-- a row valid on the day wins; after the last one ended, leavers keep what they were
chosen as (

    select *
    from candidates
    qualify
        row_number() over (
            partition by candidates.rep_id, candidates.span_from
            order by candidates.is_valid desc, candidates.valid_from desc
        ) = 1

),

spans as (

    select
        rep_id,
        span_from,
        coalesce(
            lead(span_from) over (partition by rep_id order by span_from) - 1,
            date '9999-12-31'
        ) as span_to,
        team,
        business_unit,
        motion,
        manager_rep_id,
        has_cti,
        file_id,
        record,
        is_valid,
    from chosen

)

select * from spans
