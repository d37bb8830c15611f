-- one row per call leg of the feed that counts on its date
{#- A view: it only leaves rows out of a table that is already there. #}
{{ config(materialized='view') }}
with

legs as (

    select * from {{ ref('act_current_call_legs') }}

),

feed_choice as (

    select * from {{ ref('act_feed_choice') }}

),

-- where both feeds share their ids, the webhook's copy is the fresher one
webhook_ids as (

    select
        legs.cti_account,
        legs.leg_id,
    from legs
    where
        legs.feed = 'webhook'
        and legs.cti_account in (
            select feed_choice.cti_account
            from feed_choice
            where feed_choice.chosen_feed = 'both'
        )

),

chosen as (

    select legs.*
    from legs
    left join feed_choice
        on
            legs.cti_account = feed_choice.cti_account
            and legs.started_on = feed_choice.date
    left join webhook_ids
        on
            legs.feed = 'history'
            and legs.cti_account = webhook_ids.cti_account
            and legs.leg_id = webhook_ids.leg_id
    where
        webhook_ids.leg_id is null
        and coalesce(
            feed_choice.chosen_feed in ('both', legs.feed), legs.feed = 'mapped'
        )

),

judged as (

    select
        *,
        coalesce(
            leg_role in ('primary', 'agent', 'dialer', 'transfer')
            and telephony_result = 'answered',
            false
        ) as is_answered_leg,
    from chosen

)

select * from judged
