-- one row per check whose failure somebody accepted for the as-of date
with

settings as (

    select * from {{ ref('act_settings') }}

),

acceptances as (

    select * from {{ ref('stg_kura__acceptances') }}

),

holding as (

    select
        acceptances.check_id,
        max(acceptances.accepted_until) as accepted_until,
    from acceptances
    cross join settings
    where acceptances.accepted_until >= settings.as_of_date
    group by acceptances.check_id

)

select * from holding
