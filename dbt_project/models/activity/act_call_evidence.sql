-- one row per call, of a telephone system or only in the CRM, with all that the rules look at
{#- A view: ten million wide rows pass through it once. #}
{{ config(materialized='view') }}
with

calls as (

    select * from {{ ref('act_call_links') }}

),

thresholds as (

    select
        source_id,
        coalesce(require_disposition, false) as require_disposition,
        coalesce(min_human_seconds, 5) as min_human_seconds,
        coalesce(speech_min_seconds, 30) as speech_min_seconds,
        coalesce(speech_min_turns, 4) as speech_min_turns,
        coalesce(speech_min_customer_seconds, 10) as speech_min_customer_seconds,
        coalesce(duration_min_seconds, 60) as duration_min_seconds,
    from {{ ref('act_sources') }}

),

crm_only_calls as (

    select * from {{ ref('act_crm_only_calls') }}

),

cti_evidence as (

    select
        calls.call_id,
        'cti' as call_origin,
        calls.source_id,
        calls.file_id,
        calls.record,
        calls.started_at,
        calls.called_on,
        calls.started_hour,
        calls.rep_id,
        calls.person_id,
        calls.account_id,
        calls.match_level,
        calls.match_basis,
        calls.crm_activity_id,
        case when calls.is_with_colleague then 'internal' else calls.direction end
            as direction,
        calls.is_internal or calls.is_with_colleague as is_internal,
        calls.is_open,
        calls.is_answered,
        calls.answered_by,
        calls.is_voicemail,
        calls.has_agent,
        calls.has_dialled_leg,
        calls.leg_count,
        calls.is_transferred,
        calls.call_list,
        coalesce(calls.disposition, calls.crm_disposition) as disposition,
        calls.talk_seconds,
        calls.is_overlong,
        calls.has_analysis,
        calls.turn_count,
        calls.agent_talk_seconds,
        calls.customer_talk_seconds,
        calls.customer_spoke,
        thresholds.require_disposition,
        thresholds.min_human_seconds,
        thresholds.speech_min_seconds,
        thresholds.speech_min_turns,
        thresholds.speech_min_customer_seconds,
        thresholds.duration_min_seconds,
    from calls
    inner join thresholds
        on calls.source_id = thresholds.source_id

),

crm_evidence as (

    select
        crm_only_calls.call_id,
        'crm' as call_origin,
        crm_only_calls.source_id,
        crm_only_calls.file_id,
        crm_only_calls.record,
        crm_only_calls.started_at,
        crm_only_calls.called_on,
        crm_only_calls.started_hour,
        crm_only_calls.rep_id,
        crm_only_calls.person_id,
        crm_only_calls.account_id,
        case
            when crm_only_calls.person_id is not null then 'person'
            when crm_only_calls.account_id is not null then 'account'
            else 'none'
        end as match_level,
        case
            when
                coalesce(crm_only_calls.person_id, crm_only_calls.account_id) is null
                then 'none'
            else 'crm_activity'
        end as match_basis,
        cast(null as varchar) as crm_activity_id,
        crm_only_calls.direction,
        false as is_internal,
        false as is_open,
        coalesce(crm_only_calls.disposition not in ('no_answer', 'busy'), true)
            as is_answered,
        'not_measured' as answered_by,
        false as is_voicemail,
        true as has_agent,
        true as has_dialled_leg,
        cast(1 as bigint) as leg_count,
        false as is_transferred,
        '(none)' as call_list,
        crm_only_calls.disposition,
        crm_only_calls.talk_seconds,
        {{ is_overlong(
            'crm_only_calls.started_at',
            'crm_only_calls.started_at',
            'crm_only_calls.talk_seconds'
        ) | indent(8) }} as is_overlong,
        false as has_analysis,
        cast(null as bigint) as turn_count,
        cast(null as double) as agent_talk_seconds,
        cast(null as double) as customer_talk_seconds,
        false as customer_spoke,
        -- what a person typed proves a connect only through the result
        true as require_disposition,
        thresholds.min_human_seconds,
        thresholds.speech_min_seconds,
        thresholds.speech_min_turns,
        thresholds.speech_min_customer_seconds,
        thresholds.duration_min_seconds,
    from crm_only_calls
    inner join thresholds
        on crm_only_calls.source_id = thresholds.source_id

),

evidence as (

    select * from cti_evidence
    union all
    select * from crm_evidence

)

select * from evidence
