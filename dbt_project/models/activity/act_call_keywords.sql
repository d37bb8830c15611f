-- one row per call and word of the company's keyword list that the speech analysis heard in it
with

legs as (

    select
        source_id,
        file_id,
        record,
        element,
        keyword_values,
    from {{ ref('stg_miitel__webhook_legs') }}
    where
        reject_reason is null
        and keyword_values is not null

),

-- of a leg delivered again, only the delivery that counts
counted as (

    select
        call_legs.cti_account || ':' || call_legs.call_group_id as call_id,
        unnest(legs.keyword_values) as keyword,
    from {{ ref('act_call_legs') }} as call_legs
    inner join legs
        on
            call_legs.source_id = legs.source_id
            and call_legs.file_id = legs.file_id
            and call_legs.record = legs.record
            and call_legs.element = legs.element
    where
        call_legs.feed = 'webhook'
        and call_legs.has_analysis

)

select distinct
    call_id,
    keyword,
from counted
