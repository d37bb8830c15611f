-- one row per hand-raise and what answered it first
with

hand_raises as (

    select * from {{ ref('act_hand_raises') }}

),

files as (

    select * from {{ ref('act_files') }}

),

facts as (

    select
        hand_raises.hand_raise_id,
        hand_raises.raised_on,
        hand_raises.raised_at,
        hand_raises.touch_type,
        hand_raises.source_id,
        hand_raises.rep_id,
        hand_raises.team,
        hand_raises.business_unit,
        hand_raises.motion,
        hand_raises.manager_rep_id,
        hand_raises.person_id,
        hand_raises.account_id,
        hand_raises.channel_group,
        hand_raises.channel,
        hand_raises.campaign,
        hand_raises.is_linked,
        hand_raises.is_attempted,
        hand_raises.is_connected,
        hand_raises.is_open,
        hand_raises.clock_started_at,
        hand_raises.clock_started_on,
        hand_raises.hours_basis,
        hand_raises.attempted_at,
        hand_raises.attempted_on,
        hand_raises.attempt_kind,
        hand_raises.attempt_id,
        hand_raises.connected_at,
        hand_raises.connect_call_id,
        {{ ratio('hand_raises.seconds_to_attempt', '60') }} as business_minutes_to_attempt,
        {{ ratio('hand_raises.clock_seconds_to_attempt', '60') }} as clock_minutes_to_attempt,
        {{ ratio('hand_raises.seconds_to_connect', '60') }} as business_minutes_to_connect,
        {{ ratio('hand_raises.clock_seconds_to_connect', '60') }} as clock_minutes_to_connect,
        case
            when hand_raises.is_open then {{ ratio('hand_raises.seconds_to_end', '60') }}
        end as open_business_minutes,
        hand_raises.is_within_5_minutes,
        hand_raises.is_due_5_minutes,
        hand_raises.is_within_30_minutes,
        hand_raises.is_due_30_minutes,
        hand_raises.is_within_60_minutes,
        hand_raises.is_due_60_minutes,
        hand_raises.is_within_same_day,
        hand_raises.is_due_same_day,
        hand_raises.file_id as source_file_id,
        files.path as source_file,
        hand_raises.record as source_record
    from hand_raises
    left join files on hand_raises.file_id = files.file_id

)

select * from facts
