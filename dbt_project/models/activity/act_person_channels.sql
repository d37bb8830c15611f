-- one row per person known by the as-of date: first touch, and whether the person is a lead
with

known_records as (

    select * from {{ ref('act_known_records') }}

),

record_channels as (

    select * from {{ ref('act_record_channels') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

-- the earliest lead record speaks, merge losers included; then contacts, deleted leads, deleted
-- contacts, MA: an archived HubSpot contact is both of the deleted, and the lead says more
ranked as (

    select
        *,
        case
            when is_cohort_record then 1
            when record_type = 'contact' and not is_gone then 2
            when is_lead_record then 3
            when record_type = 'contact' then 4
            else 5
        end as preference
    from known_records

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
        earliest.record_system,
        earliest.record_type,
        earliest.record_id,
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
