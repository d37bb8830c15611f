-- one row per lead (a person) created by the as-of date: how far it came, and where it came from
with

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

credits as (

    select * from {{ ref('act_lead_credits') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

record_origins as (

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        source_id,
        file_id,
        record
    from {{ ref('act_leads_versions') }}
    where is_current

    union all

    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        source_id,
        file_id,
        record
    from {{ ref('act_marketing_persons_versions') }}
    where is_current

),

source_coverage as (

    select * from {{ ref('act_source_coverage') }}

),

files as (

    select * from {{ ref('act_files') }}

),

amounts as (

    select
        person_id,
        count(*) as opportunities,
        count(*) filter (where is_first_of_opportunity) as opportunities_credited,
        sum(cast(amount_yen as decimal(38, 4))) as pipeline_yen,
        sum(cast(amount_yen as decimal(38, 4))) filter (where is_won) as won_yen
    from lead_opportunities
    group by person_id

),

-- leads older than every export are in cohorts, but no figure of their days is known
known_days as (

    select min(date) as first_known_on
    from source_coverage
    where is_covered

),

last_touches as (

    select *
    from credits
    where attribution_model = 'last_touch'

),

final as (

    select
        -- ids
        lead_steps.person_id,
        record_origins.source_id,
        coalesce(lead_steps.rep_id, '(unassigned)') as rep_id,
        coalesce(lead_steps.team, '(unassigned)') as team,
        coalesce(lead_steps.business_unit, '(unassigned)') as business_unit,
        lead_steps.motion,
        lead_steps.manager_rep_id,
        persons.account_id,

        -- text
        lead_steps.channel_group,
        lead_steps.channel,
        lead_steps.campaign,
        last_touches.channel_group as last_touch_channel_group,
        last_touches.channel as last_touch_channel,
        last_touches.campaign as last_touch_campaign,
        lead_steps.state,

        -- measures
        cast(lead_steps.lead_records as bigint) as lead_records,
        cast(coalesce(amounts.opportunities, 0) as bigint) as opportunities,
        cast(coalesce(amounts.opportunities_credited, 0) as bigint) as opportunities_credited,
        cast(coalesce(amounts.pipeline_yen, 0) as double) as pipeline_yen,
        cast(coalesce(amounts.won_yen, 0) as double) as won_yen,
        cast(lead_steps.days_to_outcome as bigint) as days_to_outcome,

        -- flags
        lead_steps.is_mql,
        lead_steps.is_handed_back,
        lead_steps.is_worked,
        lead_steps.is_connected,
        lead_steps.is_met,
        lead_steps.is_accepted,
        lead_steps.is_opportunity,
        lead_steps.is_won,
        lead_steps.is_lost,
        lead_steps.is_still_open,
        lead_steps.has_reached_mql,
        lead_steps.has_reached_worked,
        lead_steps.has_reached_connected,
        lead_steps.has_reached_meeting,
        lead_steps.has_reached_accepted,
        lead_steps.has_reached_opportunity,
        lead_steps.has_reached_won,
        lead_steps.has_reached_lost,

        -- times
        lead_steps.lead_created_on as created_on,
        case when lead_steps.lead_created_on >= known_days.first_known_on
            then lead_steps.lead_created_on
        end as counted_on,
        {{ month_start('lead_steps.lead_created_on') }} as cohort_month,
        lead_steps.mql_on,
        lead_steps.worked_on,
        lead_steps.connected_on,
        lead_steps.met_on,
        lead_steps.accepted_on,
        lead_steps.opportunity_on,
        lead_steps.won_on,
        lead_steps.lost_on,

        -- origin
        record_origins.file_id as source_file_id,
        files.path as source_file,
        cast(record_origins.record as bigint) as source_record
    from lead_steps
    cross join known_days
    inner join person_channels on lead_steps.person_id = person_channels.person_id
    left join record_origins
        on person_channels.record_system = record_origins.record_system
        and person_channels.record_type = record_origins.record_type
        and person_channels.record_id = record_origins.record_id
    left join persons on lead_steps.person_id = persons.person_id
    left join last_touches on lead_steps.person_id = last_touches.person_id
    left join amounts on lead_steps.person_id = amounts.person_id
    left join files on record_origins.file_id = files.file_id

)

select * from final
