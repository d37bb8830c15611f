-- one row per MiiTel account and local date with calls, naming the feed that counts
with

legs as (

    select
        cti_account,
        started_on,
        source_id,
        feed,
        leg_id,
    from {{ ref('act_current_call_legs') }}
    where feed in ('webhook', 'history')

),

sources as (

    select * from {{ ref('act_sources') }}
    where system = 'miitel'

),

accounts as (

    select * from {{ ref('act_cti_accounts') }}

),

-- a source may carry both feeds: each speaks for its own days
feed_coverage as (

    select
        source_id,
        case object_name
            when 'webhook_legs' then 'webhook'
            when 'history_legs' then 'history'
        end as feed,
        date,
    from {{ ref('act_object_coverage') }}
    where
        is_covered
        and (is_proven_by_own_files or basis = 'no_delivery_due')

),

-- an account is served by the sources configured for it and by those that carried its legs
servers as (

    select
        cti_account,
        feed,
        source_id,
    from legs
    union
    select
        accounts.cti_account,
        sources.feed,
        sources.source_id,
    from accounts
    inner join sources
        on accounts.source_id = sources.source_id

),

covered as (

    select distinct
        servers.cti_account,
        servers.feed,
        feed_coverage.date,
    from servers
    inner join feed_coverage
        on
            servers.source_id = feed_coverage.source_id
            and servers.feed = feed_coverage.feed

),

leg_days as (

    select
        cti_account,
        started_on as date,
        count(*) filter (where feed = 'webhook') as webhook_legs,
        count(*) filter (where feed = 'history') as history_legs,
    from legs
    group by cti_account, started_on

),

days as (

    select
        leg_days.cti_account,
        leg_days.date,
        leg_days.webhook_legs,
        leg_days.history_legs,
        webhook.date is not null as is_covered_by_webhook,
        history.date is not null as is_covered_by_history,
    from leg_days
    left join covered as webhook
        on
            leg_days.cti_account = webhook.cti_account
            and leg_days.date = webhook.date
            and webhook.feed = 'webhook'
    left join covered as history
        on
            leg_days.cti_account = history.cti_account
            and leg_days.date = history.date
            and history.feed = 'history'

),

-- ids are compared only where both feeds had the chance to carry the same call
compared as (

    select
        legs.cti_account,
        legs.leg_id,
        bool_or(legs.feed = 'webhook') as is_in_webhook,
        bool_or(legs.feed = 'history') as is_in_history,
    from legs
    inner join days
        on
            legs.cti_account = days.cti_account
            and legs.started_on = days.date
    where
        days.is_covered_by_webhook
        and days.is_covered_by_history
    group by legs.cti_account, legs.leg_id

),

common_ids as (

    select
        cti_account,
        count(*) filter (where is_in_webhook and is_in_history) as shared_ids,
        least(
            count(*) filter (where is_in_webhook), count(*) filter (where is_in_history)
        ) as smaller_feed_ids,
    from compared
    group by cti_account

),

id_overlaps as (

    select
        cti_account,
        {{ ratio('shared_ids', 'smaller_feed_ids') }} as overlap_share,
    from common_ids

),

choices as (

    select
        days.cti_account,
        days.date,
        days.webhook_legs,
        days.history_legs,
        days.is_covered_by_webhook,
        days.is_covered_by_history,
        id_overlaps.overlap_share,
        case
            when coalesce(id_overlaps.overlap_share >= 0.95, false) then 'both'
            when days.is_covered_by_webhook then 'webhook'
            when days.is_covered_by_history then 'history'
            when days.webhook_legs > 0 then 'webhook'
            else 'history'
        end as chosen_feed,
    from days
    left join id_overlaps
        on days.cti_account = id_overlaps.cti_account

),

counted as (

    select
        *,
        case chosen_feed
            when 'webhook' then history_legs
            when 'history' then webhook_legs
            else 0
        end as superseded_legs,
    from choices

)

select * from counted
