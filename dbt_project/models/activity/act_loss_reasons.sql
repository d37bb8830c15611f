-- one row per source and loss reason that its configuration names
with

value_maps as (

    select * from {{ ref('stg_kura__value_maps') }}

),

named as (

    select distinct
        source_id,
        to_value as loss_reason,
    from value_maps
    where object in ('opportunities', 'deals') and column_name = 'loss_reason'

)

select * from named
