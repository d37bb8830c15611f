-- one row per KGI, success factor and metric that measures it
with

deliveries as (

    select *
    from {{ ref('stg_planning__success_factors') }}
    where reject_reason is null

),

factors as (

    select
        kgi_metric,
        factor_id,
        name_ja,
        name_en,
        step,
        metric,
    from deliveries
    qualify
        row_number() over (
            partition by deliveries.kgi_metric, deliveries.factor_id, deliveries.metric
            order by
                deliveries.extracted_at desc,
                deliveries.file_id desc,
                deliveries.record desc
        ) = 1

)

select * from factors
