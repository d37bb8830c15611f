-- one row per reading of an object whose rows happen on a date, and source
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
with

settings as (

    select * from {{ ref('act_settings') }}

),

readings as (
{% for object in objects %}
    select
        source_id,
        file_id,
        '{{ object.object }}' as object_name,
        min({{ object.event_column }}) as first_at,
        max({{ object.event_column }}) as last_at,
    from {{ ref('stg_' ~ object.system ~ '__' ~ object.object) }}
    where reject_reason is null
    group by source_id, file_id
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- else %}
    select
        '' as source_id,
        '' as file_id,
        '' as object_name,
        cast(null as timestamp) as first_at,
        cast(null as timestamp) as last_at,
    where false
{%- endfor %}

),

spans as (

    select
        readings.source_id,
        readings.file_id,
        readings.object_name,
        {{ reporting_date('readings.first_at', 'settings.reporting_timezone') }}
            as first_on,
        {{ reporting_date('readings.last_at', 'settings.reporting_timezone') }}
            as last_on,
    from readings
    cross join settings

)

select * from spans
