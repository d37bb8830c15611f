-- one row per configured source
select * replace (
    case when system = 'miitel' then {{ tenant('account') }} else account end as account
)
from {{ ref('stg_kura__sources') }}
