-- one row per person and instant at which the person became a member of a campaign
with

settings as (

    select * from {{ ref('act_settings') }}

),

members as (

    select * from {{ ref('act_campaign_members_versions') }}

),

campaigns as (

    select * from {{ ref('act_campaigns_versions') }}

),

call_lists as (

    select * from {{ ref('act_call_list_names') }}
    where list_origin = 'campaign'

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

joined as (

    select
        crm_people.person_id,
        members.created_at as touched_at,
        members.member_id,
        members.source_id,
        members.file_id,
        members.record,
        campaigns.name as campaign,
        campaigns.type as campaign_type,
        call_lists.call_list
    from members
    inner join campaigns
        on members.record_system = campaigns.record_system
        and members.campaign_id = campaigns.campaign_id
        and campaigns.is_current
    inner join crm_people
        on members.record_system = crm_people.record_system
        and coalesce(members.lead_id, members.contact_id) = crm_people.record_id
    left join call_lists
        on {{ record_key('campaigns.record_system', 'campaigns.campaign_id') }} = call_lists.list_key
    cross join settings
    where
        members.is_current
        and not coalesce(members.is_deleted, false)
        and campaigns.name is not null
        and {{ reporting_date('members.created_at') }}
        <= settings.as_of_date

),

-- two memberships of one instant: the later id, so that "the last touch before" is one row
final as (

    select *
    from joined
    qualify
        row_number() over (
            partition by person_id, touched_at order by member_id desc
        ) = 1

)

select * from final
