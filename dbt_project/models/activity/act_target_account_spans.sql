-- one row per account and stretch of days on which it is on any target list
with

listed as (

    select
        account_id,
        valid_from,
        valid_to,
    from {{ ref('act_target_accounts') }}
    where valid_from <= valid_to

),

-- a row that begins after every earlier one of the account has ended begins a stretch
begun as (

    select
        *,
        coalesce(
            valid_from > max(valid_to) over (
                partition by account_id
                order by valid_from, valid_to
                rows between unbounded preceding and 1 preceding
            ) + 1,
            true
        ) as is_first,
    from listed

),

numbered as (

    select
        *,
        sum(case when is_first then 1 else 0 end) over (
            partition by account_id
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as stretch,
    from begun

),

spans as (

    select
        account_id,
        min(valid_from) as span_from,
        max(valid_to) as span_to,
    from numbered
    group by account_id, stretch

)

select * from spans
