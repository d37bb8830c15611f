-- one row per source, object, stage (ingestion or cast) and reason: records set aside
with

files as (

    select * from {{ ref('act_files') }}
    where is_active and status = 'accepted'

),

file_quarantine as (

    select * from {{ ref('stg_kura__file_quarantine') }}

),

rejected_records as (

    select * from {{ ref('act_rejected_records') }}

),

reasons as (

    select
        files.source_id,
        files.object_name,
        'ingestion' as stage,
        file_quarantine.reason_code
    from file_quarantine
    inner join files on file_quarantine.file_id = files.file_id

    union all

    select
        source_id,
        object_name,
        'cast' as stage,
        reject_reason as reason_code
    from rejected_records

)

select
    source_id,
    object_name,
    stage,
    reason_code,
    count(*) as records
from reasons
group by source_id, object_name, stage, reason_code
