-- one row per lead, contact or marketing record: the channel its own fields name
with

person_records as (

    select * from {{ ref('act_person_records') }}

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

contacts as (

    select * from {{ ref('act_contacts_versions') }}

),

marketing_persons as (

    select * from {{ ref('act_marketing_persons_versions') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

rules as (

    {{ channel_rules() }}

),

records as (

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        lead_source,
        utm_source,
        utm_medium,
        utm_campaign,
        cast(null as varchar) as original_source
    from leads
    where is_current

    union all

    select
        record_system,
        'contact' as record_type,
        contact_id as record_id,
        lead_source,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        cast(null as varchar) as original_source
    from contacts
    where is_current

    union all

    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        cast(null as varchar) as lead_source,
        utm_source,
        utm_medium,
        utm_campaign,
        original_source
    from marketing_persons
    where is_current

),

said as (

    unpivot records
    on lead_source, utm_source, utm_medium, utm_campaign, original_source
    into name field value value

),

filled as (

    select *
    from said
    where trim(value) != ''

),

filled_records as (

    select distinct
        record_system,
        record_type,
        record_id
    from filled

),

first_campaigns as (

    select
        person_id,
        arg_min(campaign, touched_at) as campaign_name,
        arg_min(campaign_type, touched_at) as campaign_type
    from campaign_touches
    group by person_id

),

-- a campaign sharpens what a record says of itself; it does not speak for a silent record
campaign_fields as (

    unpivot (
        select
            filled_records.record_system,
            filled_records.record_type,
            filled_records.record_id,
            first_campaigns.campaign_name,
            first_campaigns.campaign_type
        from filled_records
        inner join person_records
            on filled_records.record_system = person_records.record_system
            and filled_records.record_type = person_records.record_type
            and filled_records.record_id = person_records.record_id
        inner join first_campaigns
            on person_records.person_id = first_campaigns.person_id
    )
    on campaign_name, campaign_type
    into name field value value

),

judged_fields as (

    select * from filled

    union all by name

    select * from campaign_fields

),

judged_values as (

    {{ judged_by_channel_rules('judged_fields') }}

),

best as (

    select
        judged_fields.record_system,
        judged_fields.record_type,
        judged_fields.record_id,
        min(judged_values.precedence) as precedence
    from judged_fields
    left join judged_values
        on judged_fields.field = judged_values.field
        and judged_fields.value = judged_values.value
    group by
        judged_fields.record_system,
        judged_fields.record_type,
        judged_fields.record_id

),

final as (

    select
        records.record_system,
        records.record_type,
        records.record_id,
        case
            when best.record_id is null then '(none)'
            else coalesce(judged_values.channel_group, '(unmapped)')
        end as channel_group,
        case
            when best.record_id is null then '(none)'
            else coalesce(judged_values.channel, '(unmapped)')
        end as channel
    from records
    left join best
        on records.record_system = best.record_system
        and records.record_type = best.record_type
        and records.record_id = best.record_id
    left join judged_values
        on best.precedence = judged_values.precedence

)

select * from final
