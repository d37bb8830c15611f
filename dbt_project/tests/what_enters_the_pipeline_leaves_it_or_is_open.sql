-- one row per day whose open opportunities are not those of the day before, plus entered, minus left
with

days as (

    select
        date,
        count(*) filter (where is_open) as open_opportunities,
        count(*) filter (where has_entered) as entered,
        count(*) filter (where has_left) as departed
    from {{ ref('kpi_pipeline') }}
    group by date

),

totals as (

    select
        *,
        sum(entered - departed) over (order by date) as expected
    from days

)

select * from totals
where open_opportunities != expected
