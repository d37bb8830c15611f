-- one row per source, object and warning: accepted call legs it concerns
{% set feeds = {
    'webhook_legs': 'stg_miitel__webhook_legs',
    'history_legs': 'stg_miitel__history_legs',
    'call_legs': 'stg_mapped__call_legs',
} %}
{% set warnings = {
    'talk_mismatch': 'has_talk_mismatch',
    'unknown_call_type': 'has_unknown_call_type',
} %}
with

legs as (
{% for object_name, model in feeds.items() %}
    select
        source_id,
        '{{ object_name }}' as object_name,
        {{ warnings.values() | join(',\n        ') }},
    from {{ ref(model) }}
    where reject_reason is null
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}

),

counts as (

    select
        source_id,
        object_name,
    {%- for warning, flag in warnings.items() %}
        sum(case when {{ flag }} then 1 else 0 end) as {{ warning }},
    {%- endfor %}
    from legs
    group by source_id, object_name

),

counted as (
{% for warning in warnings %}
    select
        source_id,
        object_name,
        '{{ warning }}' as warning,
        {{ warning }} as legs,
    from counts
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}

)

select * from counted
