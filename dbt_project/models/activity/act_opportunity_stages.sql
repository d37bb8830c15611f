-- one row per name an opportunity stage has or had, and pipeline with a stage of that name
with

stage_versions as (

    select * from {{ ref('act_opportunity_stages_versions') }}

),

opportunity_versions as (

    select * from {{ ref('act_opportunities_versions') }}

),

current_stages as (

    select * from stage_versions
where is_current

),

-- records carry the API name or the label, old records the label of their day (formats 6.10)
names as (

    select
        record_system,
        stage_key,
        {{ match_key('stage_key') }} as stage_name,
        1 as preference
    from current_stages

    union all

    select
        record_system,
        stage_key,
        {{ match_key('label') }} as stage_name,
        case when coalesce(is_active, true) then 2 else 3 end as preference
    from current_stages

    union all

    select
        record_system,
        stage_key,
        {{ match_key('label') }} as stage_name,
        4 as preference
    from stage_versions
    where not is_current

),

exported as (

    select
        names.record_system,
        names.stage_name,
        current_stages.pipeline_id,
        current_stages.stage_key,
        current_stages.label,
        current_stages.sort_order,
        current_stages.probability,
        coalesce(current_stages.is_closed, false) as is_closed,
        coalesce(current_stages.is_won, false) as is_won,
        coalesce(current_stages.is_active, true) as is_active,
        true as is_exported,
        true as is_state_told,
        names.preference
    from names
    inner join current_stages
        on names.record_system = current_stages.record_system
        and names.stage_key = current_stages.stage_key
    where names.stage_name is not null
    qualify
        row_number() over (
            partition by names.record_system, current_stages.pipeline_id, names.stage_name
            order by names.preference, names.stage_key
        ) = 1

),

named_by_opportunities as (

    select
        record_system,
        pipeline_id,
        stage_key,
        {{ match_key('stage_key') }} as stage_name,
        is_closed,
        is_won
    from opportunity_versions

),

-- who exports stages at all leaves none out: a stage that list lacks is unknown
systems_with_stages as (

    select distinct record_system
    from current_stages

),

-- a stage nobody exported: what the opportunities in it say of themselves
told_by_opportunities as (

    select
        named_by_opportunities.record_system,
        named_by_opportunities.stage_name,
        min(named_by_opportunities.pipeline_id) as pipeline_id,
        min(named_by_opportunities.stage_key) as stage_key,
        cast(null as varchar) as label,
        cast(null as bigint) as sort_order,
        cast(null as double) as probability,
        coalesce(bool_or(named_by_opportunities.is_closed), false) as is_closed,
        coalesce(bool_or(named_by_opportunities.is_won), false) as is_won,
        true as is_active,
        false as is_exported,
        bool_or(
            coalesce(named_by_opportunities.is_closed, named_by_opportunities.is_won) is not null
        )
        -- a mapped CRM may know no closing at all; of any other silence says nothing
        or bool_and(
            systems_with_stages.record_system is null
            and starts_with(named_by_opportunities.record_system, 'mapped:')
        ) as is_state_told,
        1 as preference
    from named_by_opportunities
    left join systems_with_stages
        on named_by_opportunities.record_system = systems_with_stages.record_system
    left join exported
        on named_by_opportunities.record_system = exported.record_system
        and named_by_opportunities.stage_name = exported.stage_name
    where
        exported.stage_name is null
        and named_by_opportunities.stage_name is not null
    group by named_by_opportunities.record_system, named_by_opportunities.stage_name

),

united as (

    select * from exported

    union all by name

    select * from told_by_opportunities

),

-- stages of several pipelines may share a label, never an id: what a record says means one of them
final as (

    select
        * exclude (preference),
        row_number() over (
            partition by record_system, stage_name
            order by preference, stage_key
        ) = 1 as is_meant
    from united

)

select * from final
