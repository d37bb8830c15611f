-- one row per class of systems (cti, sfa, ma) and local date
with

sources as (

    select * from {{ ref('act_sources') }}

),

source_coverage as (

    select * from {{ ref('act_source_coverage') }}

),

calendar as (

    select distinct date from source_coverage

),

classes as (

    select unnest(['cti', 'sfa', 'ma']) as source_class

),

-- the two feeds of one MiiTel account stand in for each other
units as (

    select
        source_id,
        source_class,
        case
            when system = 'miitel' then 'miitel:' || coalesce(account, source_id)
            else source_id
        end as unit,
        covers_from,
        is_required,
    from sources

),

unit_days as (

    select
        units.source_class,
        units.unit,
        source_coverage.date,
        bool_or(source_coverage.is_covered) as is_covered,
        min(units.covers_from) as covers_from,
    from units
    inner join source_coverage
        on units.source_id = source_coverage.source_id
    group by units.source_class, units.unit, source_coverage.date

),

-- a unit that never delivered is missed from the first day, not excused
unit_starts as (

    select
        source_class,
        unit,
        coalesce(
            least(min(covers_from), min(date) filter (where is_covered)), min(date)
        ) as expected_from,
    from unit_days
    group by source_class, unit

),

class_days as (

    select
        unit_days.source_class,
        unit_days.date,
        bool_and(unit_days.is_covered) as is_covered,
    from unit_days
    inner join unit_starts
        on
            unit_days.source_class = unit_starts.source_class
            and unit_days.unit = unit_starts.unit
            and unit_days.date >= unit_starts.expected_from
    group by unit_days.source_class, unit_days.date

),

required as (

    select
        source_class,
        bool_or(is_required) as is_required,
    from units
    group by source_class

),

coverage as (

    select
        classes.source_class,
        calendar.date,
        coalesce(class_days.is_covered, false) as is_covered,
        coalesce(required.is_required, false) as is_required,
    from classes
    cross join calendar
    left join class_days
        on
            classes.source_class = class_days.source_class
            and calendar.date = class_days.date
    left join required
        on classes.source_class = required.source_class

)

select * from coverage
