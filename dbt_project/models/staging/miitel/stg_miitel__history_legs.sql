-- one row per row of a 応対履歴 CSV delivered in an export: one leg of a call
{% set agent %}
    case
        when {{ is_one_of(
            'agent_name',
            ['-', '－', 'ー', 'プレディクティブコール', 'ﾌﾟﾚﾃﾞｨｸﾃｨﾌﾞｺｰﾙ', '転送', '内線']
        ) }} then null
        else agent_name
    end
{% endset %}
{% set customer_called %}
    case
        when direction = 'outbound' then true
        when direction in ('inherit', 'unknown')
            then not regexp_matches(coalesce(call_from, ''), '[0-9][0-9()-]{8}')
        else false
    end
{% endset %}
{#- the history lists finished calls: one nobody answered has ended, with or without its end -#}
{% set is_open = 'answered_at is not null and ended_at is null and talk_seconds is null' %}
{{ staged(
    'miitel', 'history_legs',
    derived={
        'account': 'source_account',
        'call_group_id': 'coalesce(parent_sequence_id, leg_id)',
        'answered_flag': "answered_at is not null and leg_role not in ('voicemail', 'ivr')",
        'answered_by': "case when leg_role = 'voicemail' then 'machine' else 'not_measured' end",
        'is_voicemail': "leg_role = 'voicemail'",
        'telephony_result': telephony_result('_said', 'direction', 'answered_at', is_open),
        'ring_seconds': 'coalesce(ring_seconds, '
            ~ seconds_between('started_at', 'coalesce(answered_at, ended_at)') ~ ')',
        'talk_seconds': 'coalesce(talk_seconds, '
            ~ seconds_between('answered_at', 'ended_at') ~ ')',
        'agent_name': '_agent',
        'agent_user_key': 'cast(null as varchar)',
        'agent_email': normalise_email('_agent'),
        'customer_number_raw': "case when _customer_called then call_to else call_from end",
        'own_number_raw': "case when _customer_called then call_from else call_to end",
        'disposition_values': 'memo',
        'has_transcript': 'false',
        'has_analysis': 'agent_talk_ratio is not null or turn_count is not null',
        'silence_seconds': 'cast(null as double)',
        'agent_speech_rate': 'cast(null as double)',
        'customer_speech_rate': 'cast(null as double)',
        'customer_spoke': 'false',
        'has_unknown_call_type': "direction = 'unknown'",
        'has_talk_mismatch': talk_mismatch('talk_seconds', 'answered_at', 'ended_at'),
        'is_overlong': is_overlong('started_at', 'ended_at', 'talk_seconds'),
    },
    steps=[
        {
            'direction': enum_value(
                'miitel', 'history_legs', 'vendor_call_type', 'direction', "'unknown'"
            ),
            'leg_role': enum_value(
                'miitel', 'history_legs', 'vendor_call_type', 'leg_role', "'unknown'"
            ),
            '_said': enum_value(
                'miitel', 'history_legs', 'vendor_call_type', 'telephony_result'
            ),
            '_agent': agent,
        },
        {
            '_customer_called': customer_called,
        },
    ],
    rules=leg_rules(),
    reading_rules=leg_reading_rules(),
) }}
