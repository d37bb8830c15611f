-- one row per source and object whose records are told apart: how often they were delivered
{#- Records of these objects have versions; the staging models that bring them name the object. #}
{%- set versioned = {
    'accounts': ['salesforce__accounts', 'mapped__accounts'],
    'campaign_members': ['salesforce__campaign_members', 'mapped__campaign_members'],
    'campaigns': ['salesforce__campaigns', 'mapped__campaigns'],
    'contacts': ['salesforce__contacts', 'mapped__contacts'],
    'events': ['salesforce__events', 'mapped__events'],
    'leads': ['salesforce__leads', 'mapped__leads'],
    'marketing_persons': ['hubspot__contacts', 'mapped__marketing_persons'],
    'opportunities': ['salesforce__opportunities', 'mapped__opportunities'],
    'tasks': ['salesforce__tasks', 'mapped__tasks'],
    'users': ['salesforce__users', 'mapped__users'],
} %}
with

deliveries as (
{% for records, models in versioned.items() %}
{% for model in models %}
    select
        source_id,
        '{{ model.split('__')[1] }}' as object_name,
        '{{ records }}' as records_of,
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
        case feed when 'mapped' then 'call' else feed end || '_legs' as records_of,
        count(*) as deliveries,
    from {{ ref('act_call_leg_deliveries') }}
    group by source_id, feed

),

-- a record that two sources of one account deliver is counted where its current state came from
current_records as (
{% for records in versioned %}
    select
        source_id,
        '{{ records }}' as records_of,
        count(*) as records,
    from {{ ref('act_' ~ records ~ '_versions') }}
    where is_current
    group by source_id

    union all
{% endfor %}
    select
        source_id,
        case feed when 'mapped' then 'call' else feed end || '_legs' as records_of,
        count(*) as records,
    from {{ ref('act_current_call_legs') }}
    group by source_id, feed

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
            and deliveries.records_of = current_records.records_of

)

select * from compared
