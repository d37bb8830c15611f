-- one row per call leg of a mapped source delivered in an export
{% set has_analysis %}
    coalesce(
        has_analysis,
        agent_talk_ratio is not null or turn_count is not null or customer_spoke is not null
    )
{% endset %}
{% set said %}
    coalesce(telephony_result, case
        when answered_flag then 'answered'
        when not answered_flag and direction = 'inbound' then 'abandoned'
        when not answered_flag then 'no_answer'
    end)
{% endset %}
{% set connected_seconds = 'talk_seconds + coalesce(hold_seconds, 0)' %}
{{ staged(
    'mapped', 'call_legs',
    derived={
        'account': 'coalesce(account, source_account)',
        'answered_flag': 'coalesce(answered_flag, answered_at is not null)',
        'is_voicemail': "coalesce(is_voicemail, leg_role = 'voicemail' or telephony_result = 'voicemail', false)",
        'telephony_result': telephony_result(
            said, 'direction', 'answered_at', 'ended_at is null and talk_seconds is null'
        ),
        'ring_seconds': 'coalesce(ring_seconds, '
            ~ seconds_between('started_at', 'coalesce(answered_at, ended_at)') ~ ')',
        'talk_seconds': 'coalesce(talk_seconds, ' ~ seconds_between('answered_at', 'ended_at')
            ~ ' - coalesce(hold_seconds, 0))',
        'has_transcript': 'coalesce(has_transcript, false)',
        'has_analysis': has_analysis,
        'customer_spoke': 'coalesce(customer_spoke, false)',
        'has_unknown_call_type': "direction = 'unknown'",
        'has_talk_mismatch': talk_mismatch('(' ~ connected_seconds ~ ')', 'answered_at', 'ended_at'),
        'is_overlong': is_overlong('started_at', 'ended_at', 'talk_seconds'),
    },
    rules=leg_rules(),
    reading_rules=leg_reading_rules('(' ~ connected_seconds ~ ')'),
) }}
