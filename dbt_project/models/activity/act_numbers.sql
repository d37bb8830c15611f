-- one row per source and telephone number as it was written there
with

sources as (

    select * from {{ ref('act_sources') }}

),

own_numbers as (

    select * from {{ ref('stg_kura__own_numbers') }}

),

written as (

    select
        source_id,
        customer_number_raw as number_raw,
    from {{ ref('act_call_leg_deliveries') }}
    union
    -- without a direction the customer may stand on either side
    select
        source_id,
        own_number_raw as number_raw,
    from {{ ref('act_call_leg_deliveries') }}
    where direction not in ('outbound', 'inbound', 'internal')
    union
    select
        source_id,
        unnest(numbers_raw) as number_raw,
    from {{ ref('act_person_entries') }}
    union
    select
        source_id,
        phone_raw as number_raw,
    from {{ ref('act_accounts_versions') }}
    where is_current
    union
    select
        source_id,
        customer_number_raw as number_raw,
    from {{ ref('act_tasks_versions') }}
    where
        is_current
        and customer_number_raw is not null
    union
    select
        source_id,
        number_raw,
    from own_numbers

),

normalised as (

    select
        written.source_id,
        written.number_raw,
        {{ phone(
            'written.number_raw',
            'sources.region',
            'sources.repair_leading_zero',
            'sources.allow_bare_81'
        ) | indent(8) }} as phone,
    from written
    inner join sources
        on written.source_id = sources.source_id
    where written.number_raw is not null

),

own as (

    select distinct normalised.phone.e164
    from own_numbers
    inner join normalised
        on
            own_numbers.source_id = normalised.source_id
            and own_numbers.number_raw = normalised.number_raw
    where normalised.phone.e164 is not null

),

numbers as (

    select
        normalised.source_id,
        normalised.number_raw,
        normalised.phone.e164,
        own.e164 is not null as is_own,
        -- toll-free, navigation and premium numbers belong to nobody in particular
        normalised.phone.is_special,
    from normalised
    left join own
        on normalised.phone.e164 = own.e164

)

select * from numbers
