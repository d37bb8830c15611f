-- one row per file (or archive member) that was judged and is current
select * replace (coalesce(object_name, '(unknown)') as object_name)
from {{ ref('stg_kura__files') }}
