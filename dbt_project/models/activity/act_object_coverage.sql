-- one row per source, object it may deliver and local date, from the first covered date to as-of
with

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

files as (

    select *
    from {{ ref('act_files') }}
    where
        status = 'accepted'
        and is_active

),

-- objects without dates of their own (users, stages) prove nothing about a day
dated_objects as (

    select * from {{ ref('act_dated_objects') }}

),

mapped_objects as (

    select distinct
        source_id,
        object as object_name,
    from {{ ref('stg_kura__mapped_columns') }}

),

reading_spans as (

    select * from {{ ref('act_reading_spans') }}

),

days as (

    select
        date,
        is_business_day,
        max(case when is_business_day then date end) over (order by date)
            as last_business_day,
    from {{ ref('act_dates') }}
    where is_as_of_or_before

),

-- a mapped source delivers what sources.yml describes, any other what its system can
source_objects as (

    select
        sources.source_id,
        sources.system,
        sources.coverage_basis,
        sources.delivers_on,
        sources.covers_from,
        dated_objects.object_name,
        dated_objects.need,
    from sources
    inner join dated_objects
        on
            sources.system = dated_objects.system
            -- what the source is here decides what it may bring
            and (
                coalesce(len(dated_objects.classes), 0) = 0
                or list_has_any(dated_objects.classes, sources.source_classes)
            )
    left join mapped_objects
        on
            sources.source_id = mapped_objects.source_id
            and dated_objects.object_name = mapped_objects.object_name
    where
        sources.system != 'mapped'
        or mapped_objects.object_name is not null

),

first_dates as (

    select
        source_id,
        min(first_on) as first_on,
    from reading_spans
    group by source_id

),

dated_files as (

    select distinct
        source_id,
        file_id,
    from reading_spans

),

-- an export of nothing covers its days; one whose every row was refused does not
speaking_files as (

    select files.*
    from files
    left join dated_files
        on
            files.source_id = dated_files.source_id
            and files.file_id = dated_files.file_id
    where
        dated_files.file_id is not null
        or coalesce(files.records_in, 0) = 0

),

-- what one file proves: its own dates, the dates its name claims, or all up to its extraction
file_spans as (

    select
        source_objects.source_id,
        source_objects.object_name,
        case source_objects.coverage_basis
            when 'file_name' then speaking_files.covers_from
            when 'extract'
                then coalesce(
                    source_objects.covers_from,
                    speaking_files.covers_from,
                    first_dates.first_on
                )
            else reading_spans.first_on
        end as span_from,
        case source_objects.coverage_basis
            when 'file_name' then speaking_files.covers_to
            when 'extract'
                then
                    {{ reporting_date('speaking_files.extracted_at', 'settings.reporting_timezone') }}
                    - 1
            else reading_spans.last_on
        end as span_to,
    from speaking_files
    cross join settings
    inner join source_objects
        on
            speaking_files.source_id = source_objects.source_id
            and speaking_files.object_name = source_objects.object_name
    left join first_dates
        on speaking_files.source_id = first_dates.source_id
    left join reading_spans
        on
            source_objects.coverage_basis = 'content'
            and speaking_files.source_id = reading_spans.source_id
            and speaking_files.file_id = reading_spans.file_id

),

delivered_objects as (

    select distinct
        source_id,
        object_name,
    from file_spans

),

proven_days as (

    select distinct
        file_spans.source_id,
        file_spans.object_name,
        days.date,
    from file_spans
    inner join days
        on days.date between file_spans.span_from and file_spans.span_to

),

-- Some objects are rare and come in small files: with content as the proof, a day on which the
-- source delivered anything is covered for every object it ever delivered.
shared_days as (

    select distinct
        proven_days.source_id,
        delivered_objects.object_name,
        proven_days.date,
    from proven_days
    inner join sources
        on proven_days.source_id = sources.source_id
    inner join delivered_objects
        on proven_days.source_id = delivered_objects.source_id
    where sources.coverage_basis = 'content'

    union

    select * from proven_days

),

calendar as (

    select days.*
    from days
    cross join settings
    where
        days.date >= coalesce(
            (select min(proven_days.date) from proven_days),
            settings.as_of_date
        )

),

coverage as (

    select
        source_objects.source_id,
        source_objects.object_name,
        source_objects.need,
        calendar.date,
        delivered_objects.object_name is not null as is_delivered,
        proven_days.date is not null as is_proven_by_own_files,
        case
            when shared_days.date is not null then source_objects.coverage_basis
            -- on other days nothing is due, but a source that fell silent before stays silent
            when
                source_objects.delivers_on = 'business'
                and not calendar.is_business_day
                and last_business_days.date is not null
                then 'no_delivery_due'
            else 'none'
        end as basis,
    from source_objects
    cross join calendar
    left join delivered_objects
        on
            source_objects.source_id = delivered_objects.source_id
            and source_objects.object_name = delivered_objects.object_name
    left join proven_days
        on
            source_objects.source_id = proven_days.source_id
            and source_objects.object_name = proven_days.object_name
            and calendar.date = proven_days.date
    left join shared_days
        on
            source_objects.source_id = shared_days.source_id
            and source_objects.object_name = shared_days.object_name
            and calendar.date = shared_days.date
    left join shared_days as last_business_days
        on
            source_objects.source_id = last_business_days.source_id
            and source_objects.object_name = last_business_days.object_name
            and calendar.last_business_day = last_business_days.date

)

select
    *,
    basis != 'none' as is_covered,
from coverage
