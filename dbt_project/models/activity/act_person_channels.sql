-- one row per person known by the as-of date: first touch, and whether the person is a lead
with recursive

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

record_channels as (

    select * from {{ ref('act_record_channels') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

-- only a company without any CRM source counts marketing contacts as its leads
crm_presence as (

    select count(*) filter (where list_contains(source_classes, 'sfa')) > 0 as has_crm
    from sources

),

-- a merged record lives on in the record it was merged into, however many merges later
successors as (

    select
        record_system,
        record_type,
        record_id,
        merged_into_id as successor_id
    from person_records
    where merged_into_id is not null

    union

    select
        successors.record_system,
        successors.record_type,
        successors.record_id,
        person_records.merged_into_id as successor_id
    from successors
    inner join person_records
        on successors.record_system = person_records.record_system
        and successors.record_type = person_records.record_type
        and successors.successor_id = person_records.record_id
    where person_records.merged_into_id is not null

),

gone_with_their_successor as (

    select distinct
        successors.record_system,
        successors.record_type,
        successors.record_id
    from successors
    inner join person_records
        on successors.record_system = person_records.record_system
        and successors.record_type = person_records.record_type
        and successors.successor_id = person_records.record_id
    where
        person_records.is_deleted
        and person_records.merged_into_id is null

),

known as (

    select
        person_records.*,
        {{ reporting_date('person_records.created_at') }}
            as created_on,
        gone_with_their_successor.record_id is not null
        or (
            coalesce(person_records.is_deleted, false)
            and person_records.merged_into_id is null
        ) as is_gone,
        person_records.record_type = 'lead'
        or (person_records.record_type = 'ma_person' and not crm_presence.has_crm)
            as is_lead_record
    from person_records
    cross join settings
    cross join crm_presence
    left join gone_with_their_successor
        on person_records.record_system = gone_with_their_successor.record_system
        and person_records.record_type = gone_with_their_successor.record_type
        and person_records.record_id = gone_with_their_successor.record_id
    where coalesce(
        {{ reporting_date('person_records.created_at') }}
        <= settings.as_of_date,
        true
    )

),

-- the earliest lead record speaks, merge losers included; then contacts, deleted leads, deleted
-- contacts, MA: an archived HubSpot contact is both of the deleted, and the lead says more
ranked as (

    select
        *,
        is_lead_record and not is_gone as is_cohort_record,
        case
            when is_lead_record and not is_gone then 1
            when record_type = 'contact' and not is_gone then 2
            when is_lead_record then 3
            when record_type = 'contact' then 4
            else 5
        end as preference
    from known

),

earliest as (

    select *
    from ranked
    qualify
        row_number() over (
            partition by person_id
            order by preference, created_at nulls last, record_id
        ) = 1

),

lead_counts as (

    select
        person_id,
        count(*) filter (where is_cohort_record) as lead_records
    from ranked
    group by person_id

),

first_campaigns as (

    select
        person_id,
        arg_min(campaign, touched_at) as campaign
    from campaign_touches
    group by person_id

),

final as (

    select
        earliest.person_id,
        coalesce(record_channels.channel_group, '(none)') as channel_group,
        coalesce(record_channels.channel, '(none)') as channel,
        coalesce(first_campaigns.campaign, '(none)') as first_campaign,
        earliest.is_cohort_record as is_lead,
        lead_counts.lead_records,
        case when earliest.is_cohort_record then earliest.created_at end as lead_created_at,
        case when earliest.is_cohort_record then earliest.created_on end as lead_created_on
    from earliest
    inner join lead_counts on earliest.person_id = lead_counts.person_id
    left join record_channels
        on earliest.record_system = record_channels.record_system
        and earliest.record_type = record_channels.record_type
        and earliest.record_id = record_channels.record_id
    left join first_campaigns on earliest.person_id = first_campaigns.person_id

)

select * from final
