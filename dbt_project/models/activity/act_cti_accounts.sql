-- one row per MiiTel source and tenant its rows name ('' = none), with its telephone account
with

sources as (

    select
        source_id,
        account as configured,
    from {{ ref('act_sources') }}
    where system = 'miitel'

),

tenants as (

    select distinct
        source_id,
        {{ tenant('account') }} as tenant,
    from {{ ref('stg_miitel__webhook_legs') }}
    where
        reject_reason is null
        and account is not null

),

-- sources of one configured account are feeds of one telephone system
sole_tenants as (

    select
        sources.source_id,
        min(tenants.tenant) as tenant,
    from sources
    inner join sources as feeds
        on
            sources.source_id = feeds.source_id
            or sources.configured = feeds.configured
    inner join tenants
        on feeds.source_id = tenants.source_id
    group by sources.source_id
    having count(distinct tenants.tenant) = 1

),

-- a row of the history CSV names no tenant: the configured one where some row confirms it,
-- else the only one its feeds know
silent as (

    select
        sources.source_id,
        '' as tenant,
        coalesce(
            case
                when sources.configured in (select tenants.tenant from tenants)
                    then sources.configured
            end,
            sole_tenants.tenant,
            sources.configured,
            sources.source_id
        ) as account,
    from sources
    left join sole_tenants
        on sources.source_id = sole_tenants.source_id

),

named as (

    select
        source_id,
        tenant,
        tenant as account,
    from tenants

),

accounts as (

    select * from silent
    union all
    select * from named

)

select
    source_id,
    tenant,
    'miitel:' || account as cti_account,
from accounts
