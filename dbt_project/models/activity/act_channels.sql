-- one row per channel that a rule names, that a person came through, or that stands for none
with

rules as (

    select
        channel_group,
        channel
    from {{ ref('stg_planning__channel_rules') }}
    where
        reject_reason is null
        and channel is not null

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

-- lines of their own, never dropped and never merged (dictionary 0.7)
stand_ins as (

    select
        names.name as channel_group,
        names.name as channel
    from unnest(['(none)', '(unmapped)', '(unlinked)']) as names (name)

),

named as (

    select
        channel_group,
        channel,
        true as is_planned
    from rules

    union all

    select
        channel_group,
        channel,
        false as is_planned
    from stand_ins

),

first_leads as (

    select
        channel_group,
        channel,
        min(lead_created_on) as first_seen_on
    from person_channels
    group by channel_group, channel

),

final as (

    select
        named.channel_group,
        named.channel,
        bool_or(named.is_planned) as is_planned,
        min(first_leads.first_seen_on) as first_seen_on
    from named
    left join first_leads
        on named.channel_group = first_leads.channel_group
        and named.channel = first_leads.channel
    group by named.channel_group, named.channel

)

select * from final
