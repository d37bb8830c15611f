-- one row per source and local date, from the first covered date of any source to as-of
with

sources as (

    select * from {{ ref('act_sources') }}

),

object_coverage as (

    select * from {{ ref('act_object_coverage') }}

),

calendar as (

    select distinct date from object_coverage

),

-- feeds of calls stand in for each other, and so does what no figure needs
need_days as (

    select
        source_id,
        need,
        date,
        case
            when need = 'cti' or need is null then bool_or(is_covered)
            else bool_and(is_covered)
        end as is_covered,
        min(basis) filter (where is_covered) as basis,
    from object_coverage
    where is_delivered
    group by source_id, need, date

),

-- a source covers a day when everything some figure needs and it ever delivered does; one that
-- delivers nothing of the kind, when anything does
source_days as (

    select
        source_id,
        date,
        coalesce(
            bool_and(is_covered) filter (where need is not null),
            bool_or(is_covered)
        ) as is_covered,
        min(basis) as basis,
    from need_days
    group by source_id, date

),

coverage as (

    select
        sources.source_id,
        calendar.date,
        coalesce(source_days.is_covered, false) as is_covered,
        case when source_days.is_covered then source_days.basis else 'none' end as basis,
    from sources
    cross join calendar
    left join source_days
        on
            sources.source_id = source_days.source_id
            and calendar.date = source_days.date

)

select * from coverage
