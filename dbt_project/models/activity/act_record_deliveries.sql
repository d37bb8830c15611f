-- one row per source and object whose records are told apart: how often they were delivered
{#- Records of these objects have versions; the staging models that bring them name the object. #}
{%- set versioned = {
    'accounts': ['salesforce__accounts', 'mapped__accounts', 'hubspot__companies'],
    'campaign_members': ['salesforce__campaign_members', 'mapped__campaign_members'],
    'campaigns': ['salesforce__campaigns', 'mapped__campaigns'],
    'contacts': ['salesforce__contacts', 'mapped__contacts', 'hubspot__contacts'],
    'events': ['salesforce__events', 'mapped__events', 'hubspot__meetings'],
    'leads': ['salesforce__leads', 'mapped__leads'],
    'marketing_persons': ['mapped__marketing_persons'],
    'opportunities': ['salesforce__opportunities', 'mapped__opportunities', 'hubspot__deals'],
    'tasks': ['salesforce__tasks', 'mapped__tasks', 'hubspot__calls', 'hubspot__emails'],
    'users': ['salesforce__users', 'mapped__users', 'hubspot__owners'],
} %}
with

files as (

    select * from {{ ref('act_files') }}

),

deliveries as (
{% for models in versioned.values() %}
{% for model in models %}
    select
        source_id,
        '{{ model.split('__')[1] }}' as object_name,
        count(*) as deliveries,
    from {{ ref('stg_' ~ model) }}
    where reject_reason is null
    group by source_id

    union all
{% endfor %}
{% endfor %}
    select
        source_id,
        case feed when 'mapped' then 'call' else feed end || '_legs' as object_name,
        count(*) as deliveries,
    from {{ ref('act_call_leg_deliveries') }}
    group by source_id, feed

),

-- a record that two sources of one account deliver is counted where its current state came from
records_of_kinds as (
{% for records in versioned %}
    select
        versions.source_id,
        files.object_name,
        count(*) as records,
    from {{ ref('act_' ~ records ~ '_versions') }} as versions
    inner join files
        on versions.file_id = files.file_id
    where versions.is_current
    group by versions.source_id, files.object_name

    union all
{% endfor %}
    select
        source_id,
        case feed when 'mapped' then 'call' else feed end || '_legs' as object_name,
        count(*) as records,
    from {{ ref('act_current_call_legs') }}
    group by source_id, feed

),

-- one record may be a lead, a contact and a person of marketing at once
current_records as (

    select
        source_id,
        object_name,
        max(records) as records,
    from records_of_kinds
    group by source_id, object_name

),

compared as (

    select
        deliveries.source_id,
        deliveries.object_name,
        deliveries.deliveries,
        coalesce(current_records.records, 0) as records,
        deliveries.deliveries - coalesce(current_records.records, 0) as delivered_again,
    from deliveries
    left join current_records
        on
            deliveries.source_id = current_records.source_id
            and deliveries.object_name = current_records.object_name

)

select * from compared
