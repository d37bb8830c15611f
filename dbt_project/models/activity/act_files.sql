-- one row per file (or archive member) that was judged and is current
select * from {{ ref('stg_kura__files') }}
