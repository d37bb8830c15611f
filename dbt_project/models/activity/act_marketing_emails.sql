-- one row per marketing e-mail to one person, and what became of it
with

events as (

    select
        *,
        -- a vendor that joins nothing sends a mail to an address once
        record_system || ':' || coalesce(
            send_key, coalesce(marketing_person_id, email) || '|' || asset_id, activity_id
        ) as mail_id,
        { 'at': activity_at, 'type': activity_type, 'id': activity_id } as place
    from {{ ref('act_marketing_activities') }}
    where starts_with(activity_type, 'email_')

),

-- a vendor that never tells of deliveries delivers what does not bounce (formats 5.10)
vendors as (

    select
        record_system,
        bool_or(activity_type = 'email_delivered') as tells_deliveries
    from events
    group by record_system

),

assets as (

    select
        record_system,
        asset_id,
        arg_max(asset_name, place) filter (where asset_name is not null) as asset_name
    from events
    group by record_system, asset_id

),

mails as (

    select
        mail_id,
        any_value(record_system) as record_system,
        min(place) as first_event,
        arg_min(asset_id, place) as asset_id,
        arg_min(person_id, place) as person_id,
        arg_min({ 'source_id': source_id, 'file_id': file_id, 'record': record }, place) as origin,
        min(activity_on) as first_told_on,
        min(activity_on)
            filter (where activity_type in ('email_sent', 'email_delivered', 'email_bounced'))
            as sent_on,
        bool_or(activity_type = 'email_delivered') as is_delivery_told,
        bool_or(activity_type = 'email_bounced') as is_bounced,
        bool_or(activity_type = 'email_unsubscribed') as is_unsubscribed,
        bool_or(activity_type = 'email_opened' and not coalesce(is_bot, false)) as is_opened,
        bool_or(activity_type = 'email_clicked' and not coalesce(is_bot, false)) as is_clicked,
        bool_or(activity_type = 'email_opened' and not is_bot) as is_opened_by_a_person,
        bool_or(activity_type = 'email_clicked' and not is_bot) as is_clicked_by_a_person
    from events
    group by mail_id

),

final as (

    select
        -- a key of addresses is nobody else's business
        md5(concat_ws(
            ':', mails.record_system, mails.first_event.type, mails.first_event.id
        )) as mail_id,
        mails.person_id,
        mails.sent_on is not null as is_sent,
        coalesce(mails.sent_on, mails.first_told_on) as happened_on,
        case
            when mails.sent_on is null then '(unlinked)'
            else coalesce(assets.asset_name, mails.asset_id, '(none)')
        end as asset,
        -- who opened it has it
        mails.is_delivery_told
        or mails.is_opened
        or mails.is_clicked
        or (
            mails.sent_on is not null
            and not vendors.tells_deliveries
            and not mails.is_bounced
        ) as is_delivered,
        not mails.is_delivery_told and not vendors.tells_deliveries as is_delivery_derived,
        mails.is_bounced,
        mails.is_opened,
        mails.is_clicked,
        mails.is_unsubscribed,
        mails.is_opened and not coalesce(mails.is_opened_by_a_person, false)
            as is_opened_unchecked,
        mails.is_clicked and not coalesce(mails.is_clicked_by_a_person, false)
            as is_clicked_unchecked,
        mails.origin.source_id,
        mails.origin.file_id,
        mails.origin.record
    from mails
    inner join vendors on mails.record_system = vendors.record_system
    left join assets
        on mails.record_system = assets.record_system
        and mails.asset_id = assets.asset_id
    -- a mail that was never let out is none
    where
        mails.sent_on is not null
        or mails.is_opened
        or mails.is_clicked
        or mails.is_unsubscribed

)

select * from final
