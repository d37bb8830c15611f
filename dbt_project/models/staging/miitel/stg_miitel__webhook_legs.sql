-- one row per leg of a call in a delivery of call_analysis_completed
{% set disposition_values %}
    nullif(list_transform(
        list_filter(
            json_transform(
                tags, '[{"value": "VARCHAR", "creator_type": "VARCHAR"}]'
            ),
            lambda tag: tag.creator_type = 'TENANT_USER' and trim(tag.value) <> ''
        ),
        lambda tag: trim(tag.value)
    ), [])
{% endset %}
{% set keyword_values %}
    nullif(list_sort(list_distinct(list_transform(
        list_filter(
            json_transform(keywords, '[{"value": "VARCHAR"}]'),
            lambda heard: trim(heard.value) <> ''
        ),
        lambda heard: trim(heard.value)
    ))), [])
{% endset %}
{% set customer_spoke %}
    coalesce(json_type(_customer.analysis) = 'OBJECT', false)
    or coalesce(list_contains(_speakers, _customer.id), false)
{% endset %}
{% set people %}
    json_transform(participants, '[{
        "id": "VARCHAR", "from_to": "VARCHAR", "name": "VARCHAR",
        "company_name": "VARCHAR", "login_id": "VARCHAR", "analysis": "JSON"
    }]')
{% endset %}
{% set speakers %}
    list_transform(
        list_filter(
            json_transform(
                phrases, '[{"participant_id": "VARCHAR", "raw": ["JSON"]}]'
            ),
            lambda said: len(said.raw) > 0
        ),
        lambda said: said.participant_id
    )
{% endset %}
{% set silence %}
    list_sum(list_transform(
        json_transform(silence_positions, '[["DOUBLE"]]'),
        lambda silence: silence[2] - silence[1]
    ))
{% endset %}
{% set agent_is_caller %}
    case
        when direction = 'outbound' then true
        when direction = 'inbound' then false
        when _called.login_id is not null then false
        when _caller.login_id is not null then true
        else from_number is null
    end
{% endset %}
{{ staged(
    'miitel', 'webhook_legs',
    derived={
        'account': 'coalesce(account, source_account)',
        'call_group_id': 'coalesce(call_group_id, leg_id)',
        'answered_flag': 'answered_at is not null',
        'answered_by': "case when leg_role = 'voicemail' then 'machine' else 'not_measured' end",
        'is_voicemail': "leg_role = 'voicemail'",
        'telephony_result': telephony_result('_said', 'direction', 'answered_at', 'ended_at is null'),
        'ring_seconds': seconds_between('started_at', 'coalesce(answered_at, ended_at)'),
        'talk_seconds': seconds_between('answered_at', 'ended_at'),
        'queue_seconds': seconds_between('queueing_starts_at', 'queueing_ends_at'),
        'agent_user_key': 'lower(_agent.login_id)',
        'agent_email': normalise_email('_agent.login_id'),
        'agent_name': '_agent.name',
        'customer_number_raw': "case when _agent_is_caller then to_number else from_number end",
        'contact_name_raw': '_customer.name',
        'company_name_raw': '_customer.company_name',
        'disposition_values': disposition_values,
        'keyword_values': keyword_values,
        'has_transcript': "coalesce(json_extract_string(speech_recognition, '$.raw') <> '', false)",
        'has_analysis': 'analysis is not null',
        'silence_seconds': 'case when _silence between 0 and ' ~ seconds_between('started_at', 'ended_at') ~ ' then _silence end',
        'agent_speech_rate': "try_cast(json_extract_string(_agent.analysis, '$.speechrate') as double)",
        'customer_speech_rate': "try_cast(json_extract_string(_customer.analysis, '$.speechrate') as double)",
        'customer_spoke': customer_spoke,
        'has_unknown_call_type': "direction = 'unknown'",
        'has_talk_mismatch': 'false',
        'is_overlong': is_overlong('started_at', 'ended_at', seconds_between('answered_at', 'ended_at')),
    },
    steps=[
        {
            'direction': enum_value(
                'miitel', 'webhook_legs', 'vendor_call_type', 'direction', "'unknown'"
            ),
            'leg_role': enum_value(
                'miitel', 'webhook_legs', 'vendor_call_type', 'leg_role', "'unknown'"
            ),
            '_said': enum_value(
                'miitel', 'webhook_legs', 'vendor_call_type', 'telephony_result'
            ),
            '_people': people,
            '_speakers': speakers,
            '_silence': silence,
        },
        {
            '_caller': "list_filter(_people, lambda person: person.from_to = 'FROM')[1]",
            '_called': "list_filter(_people, lambda person: person.from_to = 'TO')[1]",
        },
        {
            '_agent_is_caller': agent_is_caller,
        },
        {
            '_agent': 'case when _agent_is_caller then _caller else _called end',
            '_customer': 'case when _agent_is_caller then _called else _caller end',
        },
    ],
    rules=leg_rules(),
) }}
