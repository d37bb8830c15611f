-- one row per source that delivered opportunities: how it says that a meeting was accepted
with

sources as (

    select * from {{ ref('act_sources') }}

),

object_coverage as (

    select * from {{ ref('act_object_coverage') }}

),

stages as (

    select * from {{ ref('act_opportunity_stages') }}

),

snapshots as (

    select * from {{ ref('act_opportunity_snapshots') }}

),

delivering as (

    select distinct source_id
    from object_coverage
    where
        object_name in ('opportunities', 'deals')
        and is_delivered

),

known_stages as (

    select
        record_system,
        stage_name,
    from stages

    union

    select
        record_system,
        {{ match_key('stage_key') }} as stage_name,
    from snapshots

),

gates as (

    select
        sources.source_id,
        coalesce(sources.acceptance_mode, 'stage') as acceptance_mode,
        sources.acceptance_stage,
        coalesce(sources.acceptance_mode, 'stage') != 'stage'
        or known_stages.stage_name is not null as is_known,
    from sources
    inner join delivering
        on sources.source_id = delivering.source_id
    left join known_stages
        on
            {{ record_system('sources') }} = known_stages.record_system
            and {{ match_key('sources.acceptance_stage') }} = known_stages.stage_name

)

select * from gates
