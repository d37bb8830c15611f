-- one row per opportunity and instant at which its state was recorded, up to the as-of date
with

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

opportunity_versions as (

    select * from {{ ref('act_opportunities_versions') }}

),

snapshots as (

    select * from {{ ref('act_opportunity_snapshots') }}

),

stages as (

    select * from {{ ref('act_opportunity_stages') }}

),

crm_reps as (

    select * from {{ ref('act_crm_reps') }}

),

rep_spans as (

    select * from {{ ref('act_rep_spans') }}

),

opportunities as (

    select
        record_system,
        opportunity_id,
        source_id,
        created_at
    from opportunity_versions
    where
        is_current
        and not coalesce(is_deleted, false)

),

recorded as (

    select
        record_system,
        opportunity_id,
        snapshot_id as entry_id,
        1 as entry_rank,
        cast(null as timestamp) as extracted_at,
        snapshot_at as recorded_at,
        true as is_dated,
        stage_key,
        amount,
        coalesce(is_amount_told, true) as is_amount_told,
        close_date,
        probability,
        owner_id,
        cast(null as varchar) as acceptance
    from snapshots

    union all

    select
        record_system,
        opportunity_id,
        version_hash as entry_id,
        2 as entry_rank,
        last_extracted_at as extracted_at,
        valid_at as recorded_at,
        updated_at is not null as is_dated,
        stage_key,
        amount,
        true as is_amount_told,
        close_date,
        probability,
        owner_id,
        acceptance
    from opportunity_versions

),

-- a version the vendor does not date says nothing of its day, only that it held by the
-- as-of date, and by the day the deal closed
placed as (

    select
        recorded.*,
        opportunities.source_id,
        {{ reporting_date('opportunities.created_at') }}
            as created_on,
        case
            when recorded.is_dated
                then {{ reporting_date('recorded.recorded_at') }}
            else least(
                {{ reporting_date('recorded.recorded_at') }},
                coalesce(recorded.close_date, settings.as_of_date),
                settings.as_of_date
            )
        end as recorded_on,
        settings.as_of_date
    from recorded
    inner join opportunities
        on recorded.record_system = opportunities.record_system
        and recorded.opportunity_id = opportunities.opportunity_id
    cross join settings

),

-- nothing recorded by the as-of date: the earliest known state stands for it
known as (

    select
        * exclude (recorded_on, as_of_date, created_on),
        recorded_on <= as_of_date as is_recorded,
        case
            when recorded_on <= as_of_date then recorded_on
            else created_on
        end as recorded_on
    from placed
    where created_on <= as_of_date
    window entries as (partition by record_system, opportunity_id)
    qualify
        recorded_on <= as_of_date
        or (
            count(*) filter (where recorded_on <= as_of_date) over entries = 0
            and row_number() over (
                entries order by recorded_at, entry_rank, extracted_at, entry_id
            ) = 1
        )

),

-- a label that several pipelines have is the gate of each of them
gates as (

    select
        sources.source_id,
        stages.pipeline_id,
        coalesce(sources.acceptance_mode, 'stage') as acceptance_mode,
        {{ match_key('coalesce(stages.stage_key, sources.acceptance_stage)') }} as gate_stage,
        stages.sort_order as gate_sort_order
    from sources
    left join stages
        on {{ record_system('sources') }} = stages.record_system
        and {{ match_key('sources.acceptance_stage') }} = stages.stage_name

),

-- where the stages of a CRM stand in no pipeline
plain_gates as (

    select * from gates
    where pipeline_id is null

),

source_modes as (

    select distinct
        source_id,
        acceptance_mode
    from gates

),

owned as (

    select
        known.*,
        rep_spans.motion as owner_motion
    from known
    left join crm_reps
        on known.record_system = crm_reps.record_system
        and known.owner_id = crm_reps.user_id
    left join rep_spans
        on crm_reps.rep_id = rep_spans.rep_id
        and known.recorded_on between rep_spans.span_from and rep_spans.span_to

),

judged as (

    select
        owned.record_system,
        owned.opportunity_id,
        owned.entry_id,
        owned.entry_rank,
        owned.extracted_at,
        owned.recorded_at,
        owned.recorded_on,
        owned.is_recorded,
        -- a portal knows its stages by ids nobody reads; an old record, by a former label
        coalesce(stages.label, owned.stage_key) as stage,
        stages.sort_order as stage_sort_order,
        coalesce(stages.is_exported, false) as is_stage_known,
        coalesce(stages.is_state_told, true) as is_state_told,
        coalesce(stages.is_closed, false) as is_closed,
        coalesce(stages.is_won, false) as is_won,
        owned.amount,
        owned.is_amount_told,
        owned.close_date,
        coalesce(owned.probability, stages.probability) as probability,
        case
            when coalesce(stages.is_won, false) then true
            when source_modes.acceptance_mode = 'owner_role'
                then coalesce(owned.owner_motion = 'field_sales', false)
            when source_modes.acceptance_mode = 'custom_field'
                then coalesce(owned.acceptance = 'accepted', false)
            -- the gate is known by its name; what is later than it, only by exported positions
            else coalesce(
                {{ match_key('coalesce(stages.stage_key, owned.stage_key)') }}
                = coalesce(gates.gate_stage, plain_gates.gate_stage),
                false
            ) or coalesce(
                not stages.is_closed
                and stages.sort_order
                >= coalesce(gates.gate_sort_order, plain_gates.gate_sort_order),
                false
            )
        end as is_accepted
    from owned
    left join stages
        on owned.record_system = stages.record_system
        and {{ match_key('owned.stage_key') }} = stages.stage_name
        and stages.is_meant
    left join source_modes on owned.source_id = source_modes.source_id
    left join gates
        on owned.source_id = gates.source_id
        and stages.pipeline_id = gates.pipeline_id
    left join plain_gates on owned.source_id = plain_gates.source_id

),

final as (

    select
        {{ record_key('record_system', 'opportunity_id') }} as opportunity_id,
        * exclude (record_system, opportunity_id, extracted_at),
        row_number() over (
            partition by record_system, opportunity_id
            order by recorded_at, entry_rank, extracted_at, entry_id
        ) as entry_number
    from judged

)

select * from final
