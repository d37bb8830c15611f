-- one row per source, reading of an object whose rows happen on a date, and stretch of days it speaks for
{%- set objects = event_objects() %}
{#- Staging models are named by the contract; dbt must know them before it can read it. #}
-- depends_on: {{ ref('stg_miitel__webhook_legs') }}
-- depends_on: {{ ref('stg_miitel__history_legs') }}
-- depends_on: {{ ref('stg_salesforce__leads') }}
-- depends_on: {{ ref('stg_salesforce__contacts') }}
-- depends_on: {{ ref('stg_salesforce__accounts') }}
-- depends_on: {{ ref('stg_salesforce__opportunities') }}
-- depends_on: {{ ref('stg_salesforce__opportunity_history') }}
-- depends_on: {{ ref('stg_salesforce__tasks') }}
-- depends_on: {{ ref('stg_salesforce__events') }}
-- depends_on: {{ ref('stg_salesforce__campaigns') }}
-- depends_on: {{ ref('stg_salesforce__campaign_members') }}
-- depends_on: {{ ref('stg_hubspot__contacts') }}
-- depends_on: {{ ref('stg_hubspot__email_events') }}
-- depends_on: {{ ref('stg_hubspot__form_submissions') }}
-- depends_on: {{ ref('stg_hubspot__event_participations') }}
-- depends_on: {{ ref('stg_hubspot__page_views') }}
-- depends_on: {{ ref('stg_hubspot__companies') }}
-- depends_on: {{ ref('stg_hubspot__deals') }}
-- depends_on: {{ ref('stg_hubspot__calls') }}
-- depends_on: {{ ref('stg_hubspot__meetings') }}
-- depends_on: {{ ref('stg_hubspot__emails') }}
-- depends_on: {{ ref('stg_hubspot__deal_property_history') }}
-- depends_on: {{ ref('stg_hubspot__contact_property_history') }}
-- depends_on: {{ ref('stg_mapped__leads') }}
-- depends_on: {{ ref('stg_mapped__contacts') }}
-- depends_on: {{ ref('stg_mapped__accounts') }}
-- depends_on: {{ ref('stg_mapped__opportunities') }}
-- depends_on: {{ ref('stg_mapped__opportunity_history') }}
-- depends_on: {{ ref('stg_mapped__tasks') }}
-- depends_on: {{ ref('stg_mapped__events') }}
-- depends_on: {{ ref('stg_mapped__campaigns') }}
-- depends_on: {{ ref('stg_mapped__campaign_members') }}
-- depends_on: {{ ref('stg_mapped__call_legs') }}
-- depends_on: {{ ref('stg_mapped__marketing_persons') }}
-- depends_on: {{ ref('stg_mapped__marketing_activities') }}
-- depends_on: {{ ref('stg_mapped__survey_responses') }}
with

settings as (

    select * from {{ ref('act_settings') }}

),

files as (

    select * from {{ ref('act_files') }}
    where
        status = 'accepted'
        and is_active

),

calendar as (

    select
        date,
        sum(case when is_business_day then 1 else 0 end) over (order by date)
            as business_days_so_far,
    from {{ ref('act_dates') }}

),

-- Zones differ by whole quarters of an hour: far fewer instants to place than rows.
quarters as (
{% for object in objects %}
    select
        source_id,
        file_id,
        '{{ object.object }}' as object_name,
        {{ quarter_hour(object.event_column) }} as happened_at,
    from {{ ref('stg_' ~ object.system ~ '__' ~ object.object) }}
    where
        reject_reason is null
        and {{ object.event_column }} is not null
    group by all
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- else %}
    select
        '' as source_id,
        '' as file_id,
        '' as object_name,
        cast(null as timestamp) as happened_at,
    where false
{%- endfor %}

),

reading_dates as (

    select distinct
        quarters.source_id,
        quarters.file_id,
        quarters.object_name,
        files.extracted_at,
        {{ reporting_date('quarters.happened_at') }} as date,
    from quarters
    cross join settings
    inner join files
        on
            quarters.source_id = files.source_id
            and quarters.file_id = files.file_id

),

-- The first export with rows of a date brought it; whoever carries it later delivers it again.
first_readings as (

    select
        source_id,
        object_name,
        date,
        arg_min(file_id, {'extracted_at': extracted_at, 'file_id': file_id}) as file_id,
    from reading_dates
    group by source_id, object_name, date

),

new_dates as (

    select
        source_id,
        object_name,
        file_id,
        min(date) as first_new_on,
        max(date) as last_new_on,
    from first_readings
    group by source_id, object_name, file_id

),

neighbours as (

    select
        *,
        lag(date) over (
            partition by source_id, file_id, object_name order by date
        ) as previous_date,
    from reading_dates

),

-- A record delivered again proves none of the days between it and the new ones.
joined as (

    select
        neighbours.source_id,
        neighbours.file_id,
        neighbours.object_name,
        neighbours.date,
        coalesce(
            neighbours.previous_date >= new_dates.first_new_on
            and neighbours.date <= new_dates.last_new_on,
            false
        )
        or coalesce(
            the_day_before.business_days_so_far = previous.business_days_so_far,
            false
        ) as is_joined,
    from neighbours
    left join new_dates
        on
            neighbours.source_id = new_dates.source_id
            and neighbours.object_name = new_dates.object_name
            and neighbours.file_id = new_dates.file_id
    left join calendar as previous
        on neighbours.previous_date = previous.date
    left join calendar as the_day_before
        on neighbours.date - 1 = the_day_before.date

),

numbered as (

    select
        *,
        sum(case when is_joined then 0 else 1 end) over (
            partition by source_id, file_id, object_name order by date
        ) as span_number,
    from joined

),

spans as (

    select
        source_id,
        file_id,
        object_name,
        cast(span_number as bigint) as span_number,
        min(date) as first_on,
        max(date) as last_on,
    from numbered
    group by source_id, file_id, object_name, span_number

)

select * from spans
