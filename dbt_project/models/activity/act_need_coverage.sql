-- one row per need that exports meet and local date
with

sources as (

    select * from {{ ref('act_sources') }}

),

accounts as (

    select * from {{ ref('act_cti_accounts') }}
    where tenant = ''

),

all_objects as (
    {{ needs_of_objects() }}

),

hand_raise_objects as (

    select distinct object_name from {{ ref('act_hand_raise_events') }}

),

objects_of_needs as (

    select all_objects.*
    from all_objects
    left join hand_raise_objects on all_objects.object_name = hand_raise_objects.object_name
    where
        all_objects.need != 'hand_raises'
        or hand_raise_objects.object_name is not null

),

object_coverage as (

    select
        coverage.* exclude (need),
        objects_of_needs.need,
    from {{ ref('act_object_coverage') }} as coverage
    inner join objects_of_needs
        on coverage.object_name = objects_of_needs.object_name

),

calendar as (

    select distinct date from {{ ref('act_source_coverage') }}

),

needs as (

    {% for need in export_needs() %}
    select '{{ need }}' as need
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- the two feeds of one MiiTel account stand in for each other
units as (

    select
        sources.source_id,
        coalesce(accounts.cti_account, sources.source_id) as unit,
        sources.covers_from,
    from sources
    left join accounts
        on sources.source_id = accounts.source_id

),

unit_days as (

    select
        object_coverage.need,
        units.unit,
        object_coverage.date,
        bool_or(object_coverage.is_delivered) as is_delivered,
        coalesce(
            case
                when object_coverage.need = 'cti' then bool_or(object_coverage.is_covered)
                else
                    bool_and(object_coverage.is_covered)
                        filter (where object_coverage.is_delivered)
            end,
            false
        ) as is_covered,
        min(units.covers_from) as covers_from,
    from units
    inner join object_coverage
        on units.source_id = object_coverage.source_id
    group by object_coverage.need, units.unit, object_coverage.date

),

-- a unit that never delivered anything is missed from the first day, not excused; one that delivers
-- other things is, where somebody else brings what is needed
unit_starts as (

    select
        unit_days.need,
        unit_days.unit,
        coalesce(
            least(
                min(unit_days.covers_from),
                min(unit_days.date) filter (where unit_days.is_covered)
            ),
            min(unit_days.date)
        ) as expected_from,
        bool_or(unit_days.is_delivered) as is_delivered,
    from unit_days
    group by unit_days.need, unit_days.unit

),

living_units as (

    select distinct units.unit
    from units
    inner join {{ ref('act_object_coverage') }} as any_coverage
        on units.source_id = any_coverage.source_id
    where any_coverage.is_delivered

),

expected_units as (

    select unit_starts.*
    from unit_starts
    left join living_units
        on unit_starts.unit = living_units.unit
    where
        unit_starts.is_delivered
        or living_units.unit is null

),

need_days as (

    select
        unit_days.need,
        unit_days.date,
        bool_and(unit_days.is_covered) as is_covered,
    from unit_days
    inner join expected_units
        on
            unit_days.need = expected_units.need
            and unit_days.unit = expected_units.unit
            and unit_days.date >= expected_units.expected_from
    group by unit_days.need, unit_days.date

),

delivered_needs as (

    select
        need,
        bool_or(is_delivered) as is_delivered,
    from unit_starts
    group by need

),

coverage as (

    select
        needs.need,
        calendar.date,
        coalesce(delivered_needs.is_delivered, false) as is_delivered,
        coalesce(need_days.is_covered, false) as is_covered,
    from needs
    cross join calendar
    left join delivered_needs
        on needs.need = delivered_needs.need
    left join need_days
        on
            needs.need = need_days.need
            and calendar.date = need_days.date

)

select * from coverage
