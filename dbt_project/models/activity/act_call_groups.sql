-- one row per call group of the telephone systems: one interaction with a customer
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
        -- the dialler's leg and the agent's leg are the same conversation
        group_legs.leg_role = 'dialer'
        and bool_or(
            group_legs.is_answered_leg
            and group_legs.leg_role <> 'dialer'
        ) over (
            partition by group_legs.cti_account, group_legs.call_group_id
        ) as is_doubled,
    from group_legs
    left join group_legs as previous_legs
        on
            group_legs.cti_account = previous_legs.cti_account
            and group_legs.call_group_id = previous_legs.call_group_id
            and group_legs.previous_leg_id = previous_legs.leg_id

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
        bool_or(has_agent) as has_agent,
        arg_min(rep_id, {'started_at': started_at, 'leg_id': leg_id}) filter (
            where has_agent and position > 1
        ) as joining_rep_id,
        bool_or(is_answered_leg) as is_answered,
        bool_or(
            coalesce(answered_by in ('machine', 'fax'), false)
            or (is_answered_leg and coalesce(is_voicemail, false))
        ) as is_answered_by_machine,
        coalesce(
            sum(talk_seconds) filter (where is_answered_leg and not is_doubled), 0
        ) as talk_seconds,
        arg_min(
            disposition,
            {'rank': disposition_rank, 'disposition': disposition}
        ) filter (where disposition is not null) as disposition,
        bool_or(has_analysis) as has_analysis,
        sum(turn_count) filter (where has_analysis) as turn_count,
        sum(agent_talk_ratio * talk_seconds) filter (where has_analysis)
            as agent_talk_seconds,
        sum((1 - agent_talk_ratio) * talk_seconds) filter (where has_analysis)
            as customer_talk_seconds,
        bool_or(has_analysis and coalesce(customer_spoke, false)) as customer_spoke,
    from ordered_legs
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
            else roots.rep_id
        end as rep_id,
        sums.has_agent,
        sums.leg_count,
        sums.is_transferred,
        sums.is_voicemail,
        sums.is_answered,
        sums.is_answered_by_machine,
        sums.talk_seconds,
        sums.disposition,
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
        case when leg_role = 'dialer' then '(unassigned)' else rep_id end as rep_id,
        has_agent,
        1 as leg_count,
        leg_role = 'transfer' as is_transferred,
        coalesce(is_voicemail, false) as is_voicemail,
        is_answered_leg as is_answered,
        coalesce(answered_by in ('machine', 'fax'), false)
        or (is_answered_leg and coalesce(is_voicemail, false))
            as is_answered_by_machine,
        case when is_answered_leg then coalesce(talk_seconds, 0) else 0 end
            as talk_seconds,
        disposition,
        has_analysis,
        case when has_analysis then turn_count end as turn_count,
        case when has_analysis then agent_talk_ratio * talk_seconds end
            as agent_talk_seconds,
        case when has_analysis then (1 - agent_talk_ratio) * talk_seconds end
            as customer_talk_seconds,
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
        {{ reporting_date('grouped.started_at', 'settings.reporting_timezone') }}
            as called_on,
        {{ reporting_hour('grouped.started_at', 'settings.reporting_timezone') }}
            as started_hour,
        -- a call to one of our own lines is internal whatever its leg says
        case
            when grouped.is_own_number then 'internal'
            when grouped.root_direction in ('outbound', 'inbound', 'internal')
                then grouped.root_direction
            else 'unknown'
        end as direction,
        grouped.customer_e164,
        grouped.is_own_number
        or coalesce(grouped.root_direction = 'internal', false) as is_internal,
        coalesce(grouped.root_result = 'in_progress', false) as is_open,
        grouped.rep_id,
        grouped.has_agent,
        cast(grouped.leg_count as bigint) as leg_count,
        grouped.is_transferred,
        grouped.is_voicemail,
        grouped.is_answered,
        grouped.is_answered_by_machine,
        cast(grouped.talk_seconds as double) as talk_seconds,
        grouped.disposition,
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
