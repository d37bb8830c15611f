-- one row per opportunity created by the as-of date and not deleted, sourced or not
with

opportunities as (

    select * from {{ ref('act_opportunities') }}

),

files as (

    select * from {{ ref('act_files') }}

),

final as (

    select
        -- ids
        opportunities.opportunity_id,
        opportunities.source_id,
        coalesce(opportunities.rep_id, '(none)') as rep_id,
        coalesce(opportunities.team, '(none)') as team,
        coalesce(opportunities.rep_business_unit, '(none)') as business_unit,
        coalesce(opportunities.motion, '(none)') as motion,
        opportunities.manager_rep_id,
        opportunities.owner_rep_id,
        opportunities.person_id,
        opportunities.account_id,
        opportunities.meeting_id,

        -- text
        opportunities.channel_group,
        opportunities.channel,
        opportunities.campaign,
        opportunities.credit_basis,
        {{ deal_type('opportunities.deal_type') }} as deal_type,
        opportunities.business_unit as deal_business_unit,
        opportunities.stage,

        -- measures
        cast(opportunities.amount_at_creation_yen as double) as amount_at_creation_yen,
        cast(opportunities.amount_yen as double) as amount_yen,
        cast(opportunities.closed_on - opportunities.created_on as bigint) as days_to_close,

        -- flags
        opportunities.meeting_id is not null as is_sourced,
        opportunities.is_stage_known,
        opportunities.is_open,
        opportunities.is_won,
        opportunities.is_lost,
        opportunities.accepted_on is not null as is_accepted,
        opportunities.is_won as is_won_of_cohort,
        opportunities.is_open as is_open_of_cohort,
        opportunities.is_amount_at_creation_recorded,
        opportunities.is_amount_missing_at_creation,
        opportunities.is_amount_unconverted_at_creation,
        opportunities.is_amount_missing,
        opportunities.is_amount_unconverted,

        -- times
        opportunities.created_on,
        opportunities.close_on,
        opportunities.accepted_on,
        case when opportunities.is_won then opportunities.closed_on end as won_on,
        case when opportunities.is_lost then opportunities.closed_on end as lost_on,

        -- origin
        opportunities.file_id as source_file_id,
        files.path as source_file,
        cast(opportunities.record as bigint) as source_record
    from opportunities
    left join files on opportunities.file_id = files.file_id

)

select * from final
