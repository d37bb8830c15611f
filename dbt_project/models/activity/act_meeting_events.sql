-- one row per calendar event booked by the as-of date, invitees' copies left out
with

settings as (

    select * from {{ ref('act_settings') }}

),

events as (

    select * from {{ ref('act_events_versions') }}

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

crm_reps as (

    select * from {{ ref('act_crm_reps') }}

),

rep_spans as (

    select * from {{ ref('act_rep_spans') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

dated as (

    select
        events.*,
        {{ reporting_date('events.booked_at', 'settings.reporting_timezone') }} as booked_on,
        {{ reporting_date('events.starts_at', 'settings.reporting_timezone') }} as meeting_on,
        {{
            reporting_date(
                'coalesce(events.updated_at, events.booked_at)',
                'settings.reporting_timezone',
            )
        }} as changed_on,
        coalesce(
            events.is_deleted
            and coalesce(events.updated_at, events.booked_at) < events.starts_at,
            false
        ) as is_deleted_before_start,
        settings.as_of_date
    from events
    cross join settings
    where
        events.is_current
        and not coalesce(events.is_child, false)
        and events.starts_at is not null

),

-- what the CRM or a configured field says, a deletion, or nothing (enums E11 and E12)
judged as (

    select
        dated.* exclude (outcome, outcome_basis),
        case
            when is_deleted_before_start then 'canceled'
            when outcome in ('held', 'no_show') and meeting_on > as_of_date
                then 'scheduled'
            when outcome != 'unknown' then outcome
            when meeting_on > as_of_date then 'scheduled'
            else 'unknown'
        end as outcome,
        case
            when is_deleted_before_start then 'inferred'
            when outcome in ('held', 'no_show') and meeting_on > as_of_date then 'none'
            when outcome != 'unknown' then outcome_basis
            else 'none'
        end as outcome_basis
    from dated
    where booked_on <= as_of_date

),

peopled as (

    select
        judged.*,
        {{ record_key('judged.record_system', 'judged.meeting_id') }} as event_id,
        crm_people.person_id,
        case
            when crm_people.person_id is null then 'no_person'
            when crm_people.is_internal then 'internal'
        end as party_reason,
        creators.rep_id as creator_rep_id,
        owners.rep_id as owner_rep_id,
        coalesce(
            judged.account_id,
            case
                when judged.related_ref_type = 'account' then judged.related_ref_id
            end
        ) as source_account_id
    from judged
    left join crm_people
        on judged.record_system = crm_people.record_system
        and judged.person_ref_id = crm_people.record_id
    left join crm_reps as creators
        on judged.record_system = creators.record_system
        and judged.created_by_id = creators.user_id
    left join crm_reps as owners
        on judged.record_system = owners.record_system
        and judged.owner_id = owners.user_id

),

final as (

    select
        peopled.event_id,
        peopled.source_id,
        peopled.file_id,
        peopled.record,
        peopled.booked_at,
        peopled.booked_on,
        peopled.meeting_on,
        peopled.person_id,
        coalesce(
            account_ids.account_id,
            {{ record_key('peopled.record_system', 'peopled.source_account_id') }}
        ) as event_account_id,
        {{ record_key('peopled.record_system', 'peopled.related_ref_id') }} as related_id,
        peopled.creator_rep_id,
        peopled.owner_rep_id,
        coalesce(rep_spans.team, '(unassigned)') as team,
        coalesce(rep_spans.business_unit, '(unassigned)') as business_unit,
        coalesce(rep_spans.motion, '(unassigned)') as motion,
        rep_spans.manager_rep_id,
        peopled.outcome,
        peopled.outcome_basis,
        peopled.party_reason,
        -- the day re-booking is counted from
        case
            when peopled.outcome = 'no_show' then peopled.meeting_on
            when peopled.is_deleted_before_start then peopled.changed_on
            when peopled.outcome in ('canceled', 'rescheduled')
                then least(peopled.changed_on, peopled.meeting_on)
        end as broken_on
    from peopled
    left join account_ids
        on peopled.record_system = account_ids.record_system
        and peopled.source_account_id = account_ids.source_account_id
    left join rep_spans
        on peopled.creator_rep_id = rep_spans.rep_id
        and peopled.booked_on between rep_spans.span_from and rep_spans.span_to

)

select * from final
