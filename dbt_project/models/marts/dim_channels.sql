-- one row per channel
with

channels as (

    select * from {{ ref('act_channels') }}

),

final as (

    select
        channel,
        channel_group,
        is_planned,
        first_seen_on
    from channels

)

select * from final
