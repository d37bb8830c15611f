-- one row per source and call result as its CRM writes it, and what gives it a meaning, if anything
{{ config(materialized='view') }}
with

tasks as (

    select *
    from {{ ref('act_tasks_versions') }}
    where
        is_current
        and call_disposition_raw is not null
        and not coalesce(is_deleted, false)

),

rules as (

    select
        coalesce(for_source_id, '*') as source_id,
        {{ match_key('value') }} as value,
    from {{ ref('stg_planning__dispositions') }}
    where reject_reason is null

),

results as (

    select
        source_id,
        call_disposition_raw as call_result,
        count(*) as calls,
        bool_or(call_disposition is not null) as is_known_to_vendor,
    from tasks
    group by source_id, call_disposition_raw

),

ruled as (

    select distinct
        results.source_id,
        results.call_result,
    from results
    inner join rules
        on
            {{ match_key('results.call_result') }} = rules.value
            and rules.source_id in (results.source_id, '*')

),

judged as (

    select
        results.source_id,
        results.call_result,
        results.calls,
        ruled.source_id is not null as is_ruled,
        results.is_known_to_vendor or ruled.source_id is not null as has_meaning,
    from results
    left join ruled
        on
            results.source_id = ruled.source_id
            and results.call_result = ruled.call_result

)

select * from judged
