-- one row per source and local date, from the first covered date of any source to as-of
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

dated_objects as (

    select * from {{ ref('act_dated_objects') }}

),

reading_spans as (

    select * from {{ ref('act_reading_spans') }}

),

days as (

    select
        date,
        is_business_day,
    from {{ ref('act_dates') }}
    where is_as_of_or_before

),

-- what one file proves: its own dates, the dates its name claims, or all up to its extraction
file_spans as (

    select
        sources.source_id,
        case sources.coverage_basis
            when 'file_name' then files.covers_from
            when 'extract'
                then coalesce(
                    sources.covers_from, files.covers_from, reading_spans.first_on
                )
            else reading_spans.first_on
        end as span_from,
        case sources.coverage_basis
            when 'file_name' then files.covers_to
            when 'extract'
                then
                    {{ reporting_date('files.extracted_at', 'settings.reporting_timezone') }}
                    - 1
            else reading_spans.last_on
        end as span_to,
    from files
    cross join settings
    inner join sources
        on files.source_id = sources.source_id
    -- objects without dates of their own (users, stages) prove nothing about a day
    inner join dated_objects
        on
            files.system = dated_objects.system
            and files.object_name = dated_objects.object_name
    left join reading_spans
        on
            files.source_id = reading_spans.source_id
            and files.file_id = reading_spans.file_id
    -- an export of nothing covers its days; one whose every row was refused does not
    where
        reading_spans.file_id is not null
        or coalesce(files.records_in, 0) = 0

),

covered_days as (

    select distinct
        file_spans.source_id,
        days.date,
    from file_spans
    inner join days
        on days.date between file_spans.span_from and file_spans.span_to

),

first_days as (

    select
        source_id,
        min(date) as first_covered_on,
    from covered_days
    group by source_id

),

calendar as (

    select
        days.date,
        days.is_business_day,
    from days
    cross join settings
    where
        days.date >= coalesce(
            (select min(first_days.first_covered_on) from first_days),
            settings.as_of_date
        )

),

coverage as (

    select
        sources.source_id,
        sources.source_class,
        calendar.date,
        covered_days.date is not null
        or coalesce(
            sources.delivers_on = 'business'
            and not calendar.is_business_day
            and calendar.date >= first_days.first_covered_on,
            false
        ) as is_covered,
        case
            when covered_days.date is not null then sources.coverage_basis
            when
                sources.delivers_on = 'business'
                and not calendar.is_business_day
                and calendar.date >= first_days.first_covered_on
                then 'no_delivery_due'
            else 'none'
        end as basis,
    from sources
    cross join calendar
    left join first_days
        on sources.source_id = first_days.source_id
    left join covered_days
        on
            sources.source_id = covered_days.source_id
            and calendar.date = covered_days.date

)

select * from coverage
