-- one row per configured source
select * from {{ ref('stg_kura__sources') }}
