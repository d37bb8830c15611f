-- one row per accepted delivery of a call leg, all telephone systems and feeds together
{#- A view: ten million wide rows are read once by the next model, not stored twice. #}
{{ config(materialized='view') }}
{#- only a mapped file can say these #}
{%- set mapped_only = ['campaign_key', 'crm_record_id', 'crm_activity_id'] %}
{%- set shared = [
    'source_id', 'file_id', 'record', 'element', 'extracted_at', 'leg_id',
    'call_group_id', 'previous_leg_id', 'vendor_call_type', 'direction', 'leg_role',
    'started_at', 'answered_at', 'ended_at', 'answered_by', 'is_voicemail',
    'telephony_result', 'talk_seconds', 'agent_user_key', 'agent_email', 'agent_name',
    'customer_number_raw', 'own_number_raw', 'disposition_values', 'has_analysis',
    'agent_talk_ratio', 'turn_count', 'customer_spoke', 'is_overlong',
] %}
with

sources as (

    select
        source_id,
        system,
        account,
    from {{ ref('act_sources') }}

),

accounts as (

    select * from {{ ref('act_cti_accounts') }}

),

delivered as (

    select
        'webhook' as feed,
        coalesce({{ tenant('account') }}, '') as tenant,
        {{ shared | join(',\n        ') }},
    from {{ ref('stg_miitel__webhook_legs') }}
    where reject_reason is null
    union all by name
    select
        'history' as feed,
        '' as tenant,
        {{ shared | reject('equalto', 'element') | join(',\n        ') }},
    from {{ ref('stg_miitel__history_legs') }}
    where reject_reason is null
    union all by name
    select
        'mapped' as feed,
        {{ tenant('account') }} as tenant,
        {{ (shared + mapped_only) | reject('equalto', 'element') | join(',\n        ') }},
    from {{ ref('stg_mapped__call_legs') }}
    where reject_reason is null

),

placed as (

    select
        delivered.* exclude (tenant, call_group_id, leg_role),
        coalesce(delivered.call_group_id, delivered.leg_id) as call_group_id,
        -- a telephone system that knows no roles has one leg per call
        coalesce(delivered.leg_role, 'primary') as leg_role,
        -- a mapped row says itself whose telephone it is, else its source does
        case
            when delivered.feed = 'mapped'
                then 'mapped:' || coalesce(delivered.tenant, lower(sources.source_id))
            else coalesce(accounts.cti_account, {{ record_system('sources') }})
        end as cti_account,
    from delivered
    inner join sources
        on delivered.source_id = sources.source_id
    left join accounts
        on
            delivered.source_id = accounts.source_id
            and delivered.tenant = accounts.tenant

)

select * from placed
