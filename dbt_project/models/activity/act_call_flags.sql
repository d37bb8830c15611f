-- one row per call with the flags of formats 7.1 and the connect rule of 7.2
{#- A view: ten million wide rows pass through it once. #}
{{ config(materialized='view') }}
with

evidence as (

    select * from {{ ref('act_call_evidence') }}

),

-- what the result written down says about the intended person
results as (

    select
        *,
        coalesce(
            disposition in (
                'connected', 'callback_requested', 'meeting_set', 'not_interested'
            ),
            false
        ) as is_intended,
        coalesce(
            {{ is_one_of('disposition', [
                'gatekeeper', 'left_live_message', 'wrong_number', 'no_answer', 'busy',
                'left_voicemail', 'do_not_call',
            ]) }},
            false
        ) as is_not_intended,
        answered_by in ('machine', 'fax') as is_machine_by_phone,
        answered_by in ('machine', 'fax')
        or coalesce(disposition = 'left_voicemail', false) as is_machine,
    from evidence

),

conversations as (

    select
        *,
        direction = 'outbound'
        and has_dialled_leg
        and not is_internal
        and not is_open as is_dial,
        is_answered
        and not is_machine_by_phone
        and not is_internal
        and not is_open
        and has_agent as is_conversation_by_phone,
        is_conversation_by_phone and not is_machine as is_conversation,
    from results

),

human as (

    select
        *,
        is_conversation
        and (talk_seconds >= min_human_seconds or is_intended) as is_human_reached,
        is_conversation_by_phone and talk_seconds >= min_human_seconds as is_human_by_talk,
        -- the rule that judges a call nobody wrote a result of
        case
            when not is_conversation_by_phone then 'none'
            when has_analysis then 'speech'
            when require_disposition then 'none'
            else 'duration'
        end as evidence_rule,
    from conversations

),

-- what that rule says, whether or not a result was written
evident as (

    select
        *,
        coalesce(
            is_human_by_talk
            and case evidence_rule
                when 'speech'
                    then
                        talk_seconds >= speech_min_seconds
                        and (
                            coalesce(turn_count >= speech_min_turns, false)
                            or coalesce(
                                customer_talk_seconds >= speech_min_customer_seconds, false
                            )
                            or customer_spoke
                        )
                when 'duration' then talk_seconds >= duration_min_seconds
            end,
            false
        ) as passes_evidence_rule,
    from human

),

-- first match decides: nobody spoke, the written result, the analysis, the duration
ruled as (

    select
        *,
        case
            -- what only the CRM tells of rests on its result, reached or not
            when call_origin = 'crm' and is_not_intended then 'disposition'
            when not is_conversation then 'none'
            when is_intended or is_not_intended then 'disposition'
            when passes_evidence_rule then evidence_rule
            else 'none'
        end as deciding_rule,
    from evident

),

connected as (

    select
        *,
        (deciding_rule = 'disposition' and is_intended)
        or (deciding_rule in ('speech', 'duration') and match_level = 'person')
            as is_connect,
        case
            when deciding_rule = 'disposition' or match_level = 'person'
                then deciding_rule
            else 'none'
        end as connect_basis,
        -- somebody talked for long, but nobody knows who it was
        deciding_rule in ('speech', 'duration') and match_level <> 'person'
            as is_unidentified_party,
        is_intended and not is_answered as has_disposition_conflict,
        coalesce(disposition = 'wrong_number', false) as is_wrong_number,
        coalesce(disposition = 'do_not_call', false) as is_do_not_call,
    from ruled

),

flags as (

    select
        call_id,
        call_origin,
        source_id,
        file_id,
        record,
        started_at,
        called_on,
        started_hour,
        rep_id,
        person_id,
        account_id,
        match_level,
        match_basis,
        crm_activity_id,
        call_list,
        direction,
        is_internal,
        is_open,
        is_dial,
        is_answered,
        answered_by,
        is_machine,
        has_agent,
        is_human_reached,
        is_connect,
        connect_basis,
        is_unidentified_party,
        case
            when is_intended then true
            when is_not_intended then false
        end as is_intended_by_disposition,
        evidence_rule,
        passes_evidence_rule,
        is_human_by_talk,
        is_connect and direction = 'inbound' as is_inbound_connect,
        is_wrong_number,
        is_do_not_call,
        disposition,
        has_disposition_conflict,
        has_analysis,
        talk_seconds,
        is_overlong,
        turn_count,
        agent_talk_seconds,
        customer_talk_seconds,
        leg_count,
        is_transferred,
        is_voicemail,
    from connected

)

select * from flags
