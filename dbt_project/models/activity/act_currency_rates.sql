-- one row per currency and day from which a rate to yen holds
with

rates as (

    select * from {{ ref('stg_planning__currency_rates') }}
    where reject_reason is null

),

-- a rate stated again in a later file replaces the earlier statement
final as (

    select
        upper(currency) as currency,
        valid_from,
        arg_max(
            rate, { 'at': extracted_at, 'file_id': file_id, 'record': record }
        ) as rate
    from rates
    group by upper(currency), valid_from

)

select * from final
