-- one row per HubSpot record merged away, with the record it lives on in however many merges later
{%- set objects = {'contact': ['contacts', 'person_id'], 'company': ['companies', 'account_id'],
    'deal': ['deals', 'opportunity_id']} %}
with

sources as (

    select * from {{ ref('act_sources') }}

),

-- the winner lists whom it absorbed
told as (
{% for object, (model, id) in objects.items() %}
    select
        source_id,
        '{{ object }}' as object,
        unnest(merged_ids) as loser_id,
        {{ id }} as winner_id,
    from {{ ref('stg_hubspot__' ~ model) }}
    where reject_reason is null
    {%- if not loop.last %}

    union all
    {% endif -%}
{% endfor %}

),

merges as (

    select distinct
        {{ record_system('sources') }} as record_system,
        told.object,
        told.loser_id,
        told.winner_id,
    from told
    inner join sources
        on told.source_id = sources.source_id

),

edges as (

    select
        record_system || ':' || object || ':' || loser_id as node,
        record_system || ':' || object || ':' || winner_id as other,
    from merges

),

components as (

    {{ connected_components('edges') | indent(4) }}

),

nodes as (

    select
        record_system,
        object,
        loser_id as record_id,
        true as is_loser,
    from merges
    union
    select
        winners.record_system,
        winners.object,
        winners.winner_id as record_id,
        false as is_loser,
    from merges as winners
    anti join merges as losers
        on
            winners.record_system = losers.record_system
            and winners.object = losers.object
            and winners.winner_id = losers.loser_id

),

placed as (

    select
        nodes.*,
        components.component,
    from nodes
    inner join components
        on nodes.record_system || ':' || nodes.object || ':' || nodes.record_id = components.node

),

-- records that name each other have no winner: one of them stands for all
winners as (

    select
        component,
        arg_min(record_id, {'is_loser': is_loser, 'record_id': record_id}) as winner_id,
    from placed
    group by component

)

select
    placed.record_system,
    placed.object,
    placed.record_id,
    winners.winner_id,
from placed
inner join winners
    on placed.component = winners.component
where placed.record_id <> winners.winner_id
