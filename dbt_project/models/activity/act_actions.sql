-- one row per improvement action
with

deliveries as (

    select *
    from {{ ref('stg_planning__actions') }}
    where reject_reason is null

),

actions as (

    select
        action_id,
        what,
        owner,
        scope_type,
        case when scope_type = 'company' then 'company' else scope_key end as scope_key,
        metric,
        from_date,
        expected_effect,
    from deliveries
    qualify
        row_number() over (
            partition by deliveries.action_id
            order by
                deliveries.extracted_at desc,
                deliveries.file_id desc,
                deliveries.record desc
        ) = 1

)

select * from actions
