-- one row per call group of the telephone systems: one interaction with a customer
{%- set analysed = {
    'turn_count': 'turn_count',
    'agent_talk_seconds': 'agent_talk_ratio * talk_seconds',
    'customer_talk_seconds': '(1 - agent_talk_ratio) * talk_seconds',
} %}
{#- what one leg says of the whole call: the first that says it #}
{%- set said_once = ['campaign_key', 'crm_record_id'] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

-- most calls have one leg; only the others are grouped, rooted and summed
shared_groups as (

    select {{ key_hash(['cti_account', 'call_group_id']) }} as group_hash
    from {{ ref('act_call_legs') }}
    group by group_hash
    having count(*) > 1

),

single_legs as (

    select legs.*
    from {{ ref('act_call_legs') }} as legs
    anti join shared_groups
        on
            {{ key_hash(['legs.cti_account', 'legs.call_group_id']) }}
            = shared_groups.group_hash

),

group_legs as (

    select legs.*
    from {{ ref('act_call_legs') }} as legs
    semi join shared_groups
        on
            {{ key_hash(['legs.cti_account', 'legs.call_group_id']) }}
            = shared_groups.group_hash

),

-- the root starts the interaction: nothing in the group comes before it
ordered_legs as (

    select
        group_legs.*,
        row_number() over (
            partition by group_legs.cti_account, group_legs.call_group_id
            order by
                (previous_legs.leg_id is not null) asc,
                group_legs.started_at asc,
                group_legs.leg_id asc
        ) as position,
        bool_or(group_legs.leg_role in ('primary', 'dialer')) over legs_of_the_call
            as has_customer_leg,
        -- one conversation on two legs: the dialler's leg yields to the agent's, and the
        -- agent's to the customer's
        case group_legs.leg_role
            when 'dialer'
                then bool_or(
                    group_legs.is_answered_leg
                    and group_legs.leg_role <> 'dialer'
                ) over legs_of_the_call
            when 'agent'
                then bool_or(
                    group_legs.is_answered_leg
                    and group_legs.leg_role = 'primary'
                ) over legs_of_the_call
            else false
        end as is_doubled,
    from group_legs
    left join group_legs as previous_legs
        on
            group_legs.cti_account = previous_legs.cti_account
            and group_legs.call_group_id = previous_legs.call_group_id
            and group_legs.previous_leg_id = previous_legs.leg_id
    window legs_of_the_call as (
        partition by group_legs.cti_account, group_legs.call_group_id
    )

),

-- the customer's leg tells who took the call; where there is none, any leg does
told_legs as (

    select
        *,
        is_answered_leg
        and (leg_role in ('primary', 'dialer') or not has_customer_leg)
            as is_customer_answered,
        (leg_role in ('primary', 'dialer') or not has_customer_leg)
        and leg_role <> 'voicemail'
        and answered_by in ('machine', 'fax') as is_taken_by_machine,
    from ordered_legs

),

roots as (

    select * from ordered_legs
    where position = 1

),

sums as (

    select
        cti_account,
        call_group_id,
        min(started_at) as started_at,
        max(coalesce(ended_at, started_at)) as ended_at,
        count(*) as leg_count,
        bool_or(leg_role = 'transfer') as is_transferred,
        bool_or(coalesce(is_voicemail, false)) as is_voicemail,
        bool_or(leg_role not in ('ivr', 'monitor', 'queue')) as has_dialled_leg,
        bool_or(has_agent) as has_agent,
        bool_or(has_agent and is_answered_leg) as has_joined_agent,
        arg_min(rep_id, {'started_at': started_at, 'leg_id': leg_id}) filter (
            where has_agent and is_answered_leg
        ) as joining_rep_id,
        arg_min(rep_id, {'started_at': started_at, 'leg_id': leg_id}) filter (
            where has_agent and leg_role = 'agent'
        ) as agent_rep_id,
        bool_or(is_answered_leg) as is_any_leg_answered,
        bool_or(is_customer_answered) as is_customer_answered,
        coalesce(
            max(answered_by) filter (where is_taken_by_machine),
            max(case when coalesce(is_voicemail, false) then 'machine' end)
                filter (where is_customer_answered),
            max(answered_by)
                filter (where is_customer_answered and answered_by = 'human'),
            'not_measured'
        ) as answered_by,
        sum(talk_seconds) filter (where is_answered_leg and not is_doubled)
            as talk_seconds,
        bool_or(coalesce(is_overlong, false)) as is_overlong,
        arg_min(
            disposition,
            {'rank': disposition_rank, 'disposition': disposition}
        ) filter (where disposition is not null) as disposition,
        {%- for name in said_once %}
        arg_min({{ name }}, {'started_at': started_at, 'leg_id': leg_id})
            filter (where {{ name }} is not null) as {{ name }},
        {%- endfor %}
        bool_or(has_analysis) as has_analysis,
        -- the analysis of a doubled leg speaks only where the other leg has none
        {%- for name, measured in analysed.items() %}
        coalesce(
            sum({{ measured }}) filter (where has_analysis and not is_doubled),
            sum({{ measured }}) filter (where has_analysis)
        ) as {{ name }},
        {%- endfor %}
        bool_or(has_analysis and coalesce(customer_spoke, false)) as customer_spoke,
    from told_legs
    group by cti_account, call_group_id

),

grouped as (

    select
        roots.cti_account,
        roots.call_group_id,
        roots.source_id,
        roots.file_id,
        roots.record,
        sums.started_at,
        sums.ended_at,
        roots.direction as root_direction,
        roots.leg_role as root_role,
        roots.telephony_result as root_result,
        roots.customer_e164,
        roots.is_own_number,
        case
            when roots.leg_role = 'dialer'
                then coalesce(sums.joining_rep_id, '(unassigned)')
            when roots.direction = 'outbound' and not roots.has_agent
                then coalesce(sums.agent_rep_id, roots.rep_id)
            else roots.rep_id
        end as rep_id,
        -- behind a dialler only an agent who took the call is on it
        case
            when roots.leg_role = 'dialer' then sums.has_joined_agent
            else sums.has_agent
        end as has_agent,
        sums.has_dialled_leg,
        sums.leg_count,
        sums.is_transferred,
        sums.is_voicemail,
        case
            when roots.direction = 'outbound' then sums.is_customer_answered
            else sums.is_any_leg_answered
        end as is_answered,
        sums.answered_by,
        sums.talk_seconds,
        sums.is_overlong,
        sums.disposition,
        {%- for name in said_once %}
        sums.{{ name }},
        {%- endfor %}
        sums.has_analysis,
        sums.turn_count,
        sums.agent_talk_seconds,
        sums.customer_talk_seconds,
        sums.customer_spoke,
    from roots
    inner join sums
        on
            roots.cti_account = sums.cti_account
            and roots.call_group_id = sums.call_group_id
    union all by name
    select
        cti_account,
        call_group_id,
        source_id,
        file_id,
        record,
        started_at,
        coalesce(ended_at, started_at) as ended_at,
        direction as root_direction,
        leg_role as root_role,
        telephony_result as root_result,
        customer_e164,
        is_own_number,
        case
            when leg_role = 'dialer' and not (has_agent and is_answered_leg)
                then '(unassigned)'
            else rep_id
        end as rep_id,
        has_agent and (leg_role <> 'dialer' or is_answered_leg) as has_agent,
        leg_role not in ('ivr', 'monitor', 'queue') as has_dialled_leg,
        1 as leg_count,
        leg_role = 'transfer' as is_transferred,
        coalesce(is_voicemail, false) as is_voicemail,
        is_answered_leg as is_answered,
        case
            when answered_by in ('machine', 'fax') and leg_role <> 'voicemail'
                then answered_by
            when is_answered_leg and is_voicemail then 'machine'
            when is_answered_leg and answered_by = 'human' then 'human'
            else 'not_measured'
        end as answered_by,
        talk_seconds,
        coalesce(is_overlong, false) as is_overlong,
        disposition,
        {%- for name in said_once %}
        {{ name }},
        {%- endfor %}
        has_analysis,
        {%- for name, measured in analysed.items() %}
        case when has_analysis then {{ measured }} end as {{ name }},
        {%- endfor %}
        has_analysis and coalesce(customer_spoke, false) as customer_spoke,
    from single_legs

),

calls as (

    select
        grouped.cti_account || ':' || grouped.call_group_id as call_id,
        grouped.cti_account,
        grouped.call_group_id,
        grouped.source_id,
        grouped.file_id,
        grouped.record,
        grouped.started_at,
        grouped.ended_at,
        {{ reporting_date('grouped.started_at') }}
            as called_on,
        {{ reporting_hour('grouped.started_at') }}
            as started_hour,
        -- a call to one of our own lines is internal whatever its leg says
        case
            when grouped.is_own_number or grouped.root_role = 'internal' then 'internal'
            when grouped.root_direction in ('outbound', 'inbound', 'internal')
                then grouped.root_direction
            else 'unknown'
        end as direction,
        grouped.customer_e164,
        grouped.is_own_number
        or grouped.root_role = 'internal'
        or coalesce(grouped.root_direction = 'internal', false) as is_internal,
        grouped.has_dialled_leg,
        coalesce(grouped.root_result = 'in_progress', false) as is_open,
        grouped.rep_id,
        grouped.has_agent,
        cast(grouped.leg_count as bigint) as leg_count,
        grouped.is_transferred,
        grouped.is_voicemail,
        grouped.is_answered,
        grouped.answered_by,
        cast(
            case when grouped.is_answered then coalesce(grouped.talk_seconds, 0) else 0 end
            as double
        ) as talk_seconds,
        grouped.is_overlong,
        grouped.disposition,
        coalesce(grouped.campaign_key, '(none)') as call_list,
        grouped.crm_record_id,
        grouped.has_analysis,
        cast(grouped.turn_count as bigint) as turn_count,
        cast(grouped.agent_talk_seconds as double) as agent_talk_seconds,
        cast(grouped.customer_talk_seconds as double) as customer_talk_seconds,
        grouped.customer_spoke,
    from grouped
    cross join settings

),

-- an event beyond the as-of date is not known yet
known as (

    select calls.*
    from calls
    inner join settings
        on calls.called_on <= settings.as_of_date

)

select * from known
