-- one row per call leg of the feed that counts on its date
{#- A view: it only leaves rows out of a table that is already there. #}
{{ config(materialized='view') }}
{#- The table is named in each place: a CTE that is read three times would be kept with every column. #}
with

feed_choice as (

    select * from {{ ref('act_feed_choice') }}

),

united_accounts as (

    select distinct cti_account
    from feed_choice
    where chosen_feed = 'both'

),

-- where both feeds share their ids, the webhook's copy says more
webhook_ids as (

    select
        legs.cti_account,
        legs.leg_id,
    from {{ ref('act_current_call_legs') }} as legs
    semi join united_accounts
        on legs.cti_account = united_accounts.cti_account
    where legs.feed = 'webhook'

),

-- but 応対メモ is often written hours later: a newer CSV has the last word on the result
history_memos as (

    select
        legs.cti_account,
        legs.leg_id,
        legs.extracted_at,
        legs.disposition,
        legs.disposition_rank,
    from {{ ref('act_current_call_legs') }} as legs
    semi join united_accounts
        on legs.cti_account = united_accounts.cti_account
    where
        legs.feed = 'history'
        and legs.has_memo

),

chosen as (

    select
        legs.* replace (
            case
                when history_memos.leg_id is not null then history_memos.disposition
                else legs.disposition
            end as disposition,
            case
                when history_memos.leg_id is not null then history_memos.disposition_rank
                else legs.disposition_rank
            end as disposition_rank
        ),
    from {{ ref('act_current_call_legs') }} as legs
    left join feed_choice
        on
            legs.cti_account = feed_choice.cti_account
            and legs.started_on = feed_choice.date
    left join webhook_ids
        on
            legs.cti_account = webhook_ids.cti_account
            and case when legs.feed = 'history' then legs.leg_id end = webhook_ids.leg_id
    left join history_memos
        on
            legs.cti_account = history_memos.cti_account
            and case when legs.feed = 'webhook' then legs.leg_id end = history_memos.leg_id
            and legs.extracted_at < history_memos.extracted_at
    where
        webhook_ids.leg_id is null
        and coalesce(
            feed_choice.chosen_feed in ('both', legs.feed), legs.feed = 'mapped'
        )

),

judged as (

    select
        * replace (
            -- who listens in has no part in the call
            has_agent and leg_role <> 'monitor' as has_agent,
            has_analysis and leg_role <> 'monitor' as has_analysis,
            case when leg_role <> 'monitor' then disposition end as disposition
        ),
        coalesce(
            leg_role in ('primary', 'agent', 'dialer', 'transfer')
            and telephony_result = 'answered',
            false
        ) as is_answered_leg,
    from chosen

)

select * from judged
