-- one row per call: a call group of a telephone system, or a call only the CRM tells of
with

calls as (

    select * from {{ ref('act_calls') }}

),

files as (

    select * from {{ ref('act_files') }}

),

facts as (

    select
        calls.call_id,
        calls.called_on,
        calls.started_at,
        calls.source_id,
        calls.call_origin,
        calls.rep_id,
        calls.team,
        calls.business_unit,
        calls.motion,
        calls.manager_rep_id,
        calls.person_id,
        calls.account_id,
        calls.match_level,
        calls.match_basis,
        calls.channel_group,
        calls.channel,
        calls.campaign,
        calls.call_list,
        calls.is_target_account,
        calls.direction,
        calls.is_open,
        calls.is_dial,
        calls.is_answered,
        calls.answered_by,
        calls.is_machine,
        calls.has_agent,
        calls.is_human_reached,
        calls.is_connect,
        calls.connect_basis,
        calls.is_unidentified_party,
        calls.is_inbound_connect,
        calls.is_wrong_number,
        calls.is_do_not_call,
        calls.disposition,
        calls.has_disposition_conflict,
        calls.has_analysis,
        calls.has_key_person,
        calls.talk_seconds,
        calls.is_overlong,
        calls.turn_count,
        calls.agent_talk_seconds,
        calls.customer_talk_seconds,
        calls.leg_count,
        calls.is_transferred,
        calls.is_voicemail,
        calls.crm_activity_id,
        calls.started_hour,
        calls.file_id as source_file_id,
        files.path as source_file,
        calls.record as source_record,
    from calls
    left join files
        on calls.file_id = files.file_id

)

select * from facts
