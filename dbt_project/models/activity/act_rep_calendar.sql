-- one row per rep and local date on which the rep is on the roster, to the end of the calendar
with

days as (

    select
        date,
        is_business_day,
        is_as_of_or_before,
    from {{ ref('act_dates') }}

),

spans as (

    select *
    from {{ ref('act_rep_spans') }}
    where is_valid

),

coverage as (

    select min(date) as first_covered_on
    from {{ ref('act_source_coverage') }}
    where is_covered

),

absences as (

    select distinct
        rep_id,
        from_date,
        to_date,
        kind,
    from {{ ref('stg_planning__absences') }}
    where reject_reason is null

),

-- a morning and an afternoon off make one day; nobody is absent for more than a day
absence_days as (

    select
        absences.rep_id,
        days.date,
        least(
            sum(case when absences.kind = 'half' then 0.5 else 1.0 end), 1.0
        ) as absent_days,
    from absences
    inner join days
        on
            days.date
            between absences.from_date
            and coalesce(absences.to_date, absences.from_date)
    group by absences.rep_id, days.date

),

rep_days as (

    select
        spans.rep_id,
        days.date,
        spans.team,
        spans.business_unit,
        spans.motion,
        spans.manager_rep_id,
        spans.has_cti,
        spans.file_id,
        spans.record,
        days.is_business_day,
        days.is_as_of_or_before,
        cast(
            case
                when days.is_business_day then 1 - coalesce(absence_days.absent_days, 0)
                else 0
            end
            as double
        ) as working_day,
    from spans
    cross join coverage
    inner join days
        on
            days.date between spans.span_from and spans.span_to
            -- days before any export say nothing about anybody
            and days.date >= coalesce(coverage.first_covered_on, spans.span_from)
    left join absence_days
        on
            spans.rep_id = absence_days.rep_id
            and days.date = absence_days.date

)

select * from rep_days
