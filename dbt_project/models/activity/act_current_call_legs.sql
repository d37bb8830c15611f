-- one row per call leg and feed: the delivery that counts, with its rep and its number
with

settings as (

    select * from {{ ref('act_settings') }}

),

-- only legs delivered more than once pay for a window
repeated as (

    select {{ key_hash(['feed', 'cti_account', 'leg_id']) }} as leg_hash
    from {{ ref('act_call_leg_deliveries') }}
    group by leg_hash
    having count(*) > 1

),

delivered_once as (

    select deliveries.*
    from {{ ref('act_call_leg_deliveries') }} as deliveries
    anti join repeated
        on
            {{ key_hash([
                'deliveries.feed', 'deliveries.cti_account', 'deliveries.leg_id'
            ]) }}
            = repeated.leg_hash

),

delivered_again as (

    select
        deliveries.*,
        coalesce(files.sha256, '') as file_sha256,
    from {{ ref('act_call_leg_deliveries') }} as deliveries
    semi join repeated
        on
            {{ key_hash([
                'deliveries.feed', 'deliveries.cti_account', 'deliveries.leg_id'
            ]) }}
            = repeated.leg_hash
    left join {{ ref('act_files') }} as files
        on deliveries.file_id = files.file_id

),

last_deliveries as (

    select * exclude (file_sha256)
    from delivered_again
    qualify
        row_number() over (
            partition by feed, cti_account, leg_id
            order by
                extracted_at desc,
                file_sha256 desc,
                record desc,
                element desc nulls last
        ) = 1

),

legs as (

    select * from delivered_once
    union all by name
    select * from last_deliveries

),

agents as (

    select * from {{ ref('act_leg_agents') }}

),

numbers as (

    select * from {{ ref('act_numbers') }}

),

dispositions as (

    select * from {{ ref('act_call_dispositions') }}

),

resolved as (

    select
        legs.* exclude (customer_number_raw, own_number_raw, disposition_values),
        {{ reporting_date('legs.started_at') }}
            as started_on,
        coalesce(
            legs.agent_email, legs.agent_user_key, legs.agent_name
        ) is not null as has_agent,
        coalesce(agents.rep_id, '(unassigned)') as rep_id,
        -- a leg without a direction: the customer is the side that is not ours
        case
            when
                numbers.is_own
                and legs.direction not in ('outbound', 'inbound', 'internal')
                then other_side.e164
            else numbers.e164
        end as customer_e164,
        coalesce(
            case
                when legs.direction in ('outbound', 'inbound', 'internal')
                    then numbers.is_own
                else numbers.is_own and other_side.is_own
            end,
            false
        ) as is_own_number,
        coalesce(len(legs.disposition_values) > 0, false) as has_memo,
        dispositions.disposition,
        dispositions.disposition_rank,
    from legs
    cross join settings
    left join agents
        on
            legs.source_id = agents.source_id
            and legs.agent_email is not distinct from agents.agent_email
            and legs.agent_user_key is not distinct from agents.agent_user_key
            and legs.agent_name is not distinct from agents.agent_name
    left join numbers
        on
            legs.source_id = numbers.source_id
            and legs.customer_number_raw = numbers.number_raw
    left join numbers as other_side
        on
            legs.source_id = other_side.source_id
            and case
                when legs.direction not in ('outbound', 'inbound', 'internal')
                    then legs.own_number_raw
            end = other_side.number_raw
    left join dispositions
        on
            legs.source_id = dispositions.source_id
            and legs.disposition_values = dispositions.disposition_values

)

select * from resolved
