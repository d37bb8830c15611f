-- one row per hand-raise: a touch by which a person asks to be called back at once
with

settings as (

    select * from {{ ref('act_settings') }}

),

events as (

    select distinct touch_type from {{ ref('act_hand_raise_events') }}

),

touches as (

    select * from {{ ref('act_marketing_touches') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

channels as (

    select * from {{ ref('act_person_channels') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

hours as (

    select * from {{ ref('act_business_hours') }}

),

clock_spans as (

    select * from {{ ref('act_clock_spans') }}

),

calls as (

    select * from {{ ref('act_calls') }}

),

emails as (

    select * from {{ ref('act_emails') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

lead_versions as (

    select * from {{ ref('act_leads_versions') }}

),

crm_reps as (

    select * from {{ ref('act_crm_reps') }}

),

spans as (

    select * from {{ ref('act_rep_spans') }}

),

-- the as-of day is over for a company when its last minute is
ends as (

    select {{ first_instant('cast(settings.as_of_date + 1 as timestamp)', 'clock_spans') }} as ended_at
    from settings
    cross join clock_spans

),

raised as (

    select touches.*
    from touches
    inner join events on touches.touch_type = events.touch_type

),

raised_persons as (

    select distinct person_id
    from raised
    where person_id is not null

),

-- what a machine dialled and nobody joined is nobody's answer
attempts as (

    select
        person_id,
        started_at as attempted_at,
        called_on as attempted_on,
        'dial' as attempt_kind,
        call_id as attempt_id,
        rep_id,
        is_connect
    from calls
    semi join raised_persons on calls.person_id = raised_persons.person_id
    where
        is_dial
        and has_agent

    union all

    select
        person_id,
        sent_at as attempted_at,
        sent_on as attempted_on,
        'email' as attempt_kind,
        email_id as attempt_id,
        rep_id,
        false as is_connect
    from emails
    semi join raised_persons on emails.person_id = raised_persons.person_id

),

-- one per person and instant, so that the next one is one row
distinct_attempts as (

    select *
    from attempts
    qualify
        row_number() over (
            partition by person_id, attempted_at order by attempt_kind, attempt_id
        ) = 1

),

distinct_connects as (

    select *
    from attempts
    where is_connect
    qualify
        row_number() over (partition by person_id, attempted_at order by attempt_id) = 1

),

attempted as (

    select
        raised.touch_id,
        attempts.attempted_at,
        attempts.attempted_on,
        attempts.attempt_kind,
        attempts.attempt_id,
        attempts.rep_id
    from raised
    asof inner join distinct_attempts as attempts
        on
            raised.person_id = attempts.person_id
            and raised.touched_at < attempts.attempted_at

),

connected as (

    select
        raised.touch_id,
        connects.attempted_at as connected_at,
        connects.attempt_id as connect_call_id
    from raised
    asof inner join distinct_connects as connects
        on
            raised.person_id = connects.person_id
            and raised.touched_at < connects.attempted_at

),

-- whose lead it was then: by the version in force, else by the first one that followed
owner_versions as (

    select
        raised.touch_id,
        lead_versions.record_system,
        lead_versions.owner_id
    from raised
    cross join settings
    inner join person_records
        on
            raised.person_id = person_records.person_id
            and person_records.record_type = 'lead'
    inner join lead_versions
        on
            person_records.record_system = lead_versions.record_system
            and person_records.record_id = lead_versions.lead_id
    anti join attempted on raised.touch_id = attempted.touch_id
    where
        lead_versions.owner_id is not null
        and {{ reporting_date('lead_versions.valid_at') }} <= settings.as_of_date
    qualify
        row_number() over (
            partition by raised.touch_id
            order by
                lead_versions.valid_at > raised.touched_at,
                abs(date_diff('microsecond', lead_versions.valid_at, raised.touched_at)),
                lead_versions.record_system,
                lead_versions.lead_id,
                lead_versions.version_hash
        ) = 1

),

owners as (

    select
        owner_versions.touch_id,
        crm_reps.rep_id
    from owner_versions
    inner join crm_reps
        on
            owner_versions.record_system = crm_reps.record_system
            and owner_versions.owner_id = crm_reps.user_id

),

campaigns as (

    select
        raised.touch_id,
        campaign_touches.campaign
    from raised
    asof inner join campaign_touches
        on
            raised.person_id = campaign_touches.person_id
            and raised.touched_at >= campaign_touches.touched_at

),

-- the opening the hand-raise falls into, else the next one
starts as (

    select
        raised.touch_id,
        hours.date as clock_started_on,
        hours.basis as hours_basis,
        greatest(hours.opens_at, raised.touched_at) as clock_started_at
    from raised
    asof inner join hours on raised.touched_at < hours.closes_at

),

-- every instant whose place in working time is asked for
instants as (

    select touched_at as instant from raised
    union
    select attempted_at as instant from attempted
    union
    select connected_at as instant from connected
    union
    select ended_at as instant from ends

),

-- working time from the first opening on; before it there was none
worked as (

    select
        instants.instant,
        coalesce(
            hours.seconds_before
            + {{ whole_seconds('hours.opens_at', 'least(hours.closes_at, instants.instant)') }},
            0
        ) as seconds
    from instants
    asof left join hours on instants.instant >= hours.opens_at

),

measured as (

    select
        raised.touch_id,
        raised.touched_at,
        raised.touched_on,
        raised.touch_type,
        raised.source_id,
        raised.file_id,
        raised.record,
        raised.person_id,
        raised.person_id is not null as is_linked,
        attempted.touch_id is not null as is_attempted,
        connected.touch_id is not null as is_connected,
        starts.clock_started_at,
        starts.clock_started_on,
        starts.hours_basis,
        attempted.attempted_at,
        attempted.attempted_on,
        attempted.attempt_kind,
        attempted.attempt_id,
        attempted.rep_id as attempting_rep_id,
        connected.connected_at,
        connected.connect_call_id,
        worked_until_attempt.seconds - worked_before.seconds as seconds_to_attempt,
        {{ whole_seconds('raised.touched_at', 'attempted.attempted_at') }} as clock_seconds_to_attempt,
        worked_until_connect.seconds - worked_before.seconds as seconds_to_connect,
        {{ whole_seconds('raised.touched_at', 'connected.connected_at') }} as clock_seconds_to_connect,
        worked_until_end.seconds - worked_before.seconds as seconds_to_end,
        settings.as_of_date
    from raised
    cross join settings
    cross join ends
    inner join worked as worked_before on raised.touched_at = worked_before.instant
    inner join worked as worked_until_end on ends.ended_at = worked_until_end.instant
    left join attempted on raised.touch_id = attempted.touch_id
    left join worked as worked_until_attempt
        on attempted.attempted_at = worked_until_attempt.instant
    left join connected on raised.touch_id = connected.touch_id
    left join worked as worked_until_connect
        on connected.connected_at = worked_until_connect.instant
    left join starts on raised.touch_id = starts.touch_id

),

credited as (

    select
        measured.*,
        coalesce(measured.attempting_rep_id, owners.rep_id, '(unassigned)') as rep_id
    from measured
    left join owners on measured.touch_id = owners.touch_id

),

hand_raises as (

    select
        credited.touch_id as hand_raise_id,
        credited.touched_on as raised_on,
        credited.touched_at as raised_at,
        credited.touch_type,
        credited.source_id,
        credited.file_id,
        credited.record,
        credited.rep_id,
        coalesce(spans.team, '(unassigned)') as team,
        coalesce(spans.business_unit, '(unassigned)') as business_unit,
        coalesce(spans.motion, '(unassigned)') as motion,
        spans.manager_rep_id,
        credited.person_id,
        persons.account_id,
        coalesce(
            channels.channel_group,
            case when credited.is_linked then '(none)' else '(unlinked)' end
        ) as channel_group,
        coalesce(
            channels.channel,
            case when credited.is_linked then '(none)' else '(unlinked)' end
        ) as channel,
        coalesce(campaigns.campaign, '(none)') as campaign,
        credited.is_linked,
        credited.is_attempted,
        credited.is_connected,
        credited.is_linked and not credited.is_attempted as is_open,
        credited.clock_started_at,
        credited.clock_started_on,
        credited.hours_basis,
        credited.attempted_at,
        credited.attempted_on,
        credited.attempt_kind,
        credited.attempt_id,
        credited.connected_at,
        credited.connect_call_id,
        credited.seconds_to_attempt,
        credited.clock_seconds_to_attempt,
        credited.seconds_to_connect,
        credited.clock_seconds_to_connect,
        credited.seconds_to_end,
        {% for minutes in (5, 30, 60) %}
        coalesce(credited.seconds_to_attempt <= {{ minutes * 60 }}, false)
            as is_within_{{ minutes }}_minutes,
        -- what nobody answered is judged when its time is over
        credited.is_linked
        and (credited.is_attempted or credited.seconds_to_end >= {{ minutes * 60 }})
            as is_due_{{ minutes }}_minutes,
        {% endfor %}
        coalesce(credited.attempted_on <= credited.clock_started_on, false) as is_within_same_day,
        credited.is_linked
        and (
            credited.is_attempted
            or coalesce(credited.clock_started_on <= credited.as_of_date, false)
        ) as is_due_same_day
    from credited
    left join spans
        on
            credited.rep_id = spans.rep_id
            and credited.touched_on between spans.span_from and spans.span_to
    left join persons on credited.person_id = persons.person_id
    left join channels on credited.person_id = channels.person_id
    left join campaigns on credited.touch_id = campaigns.touch_id

)

select * from hand_raises
