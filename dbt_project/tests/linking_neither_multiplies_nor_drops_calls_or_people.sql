-- Every join on the way may fan out; the rows before and after each link must be equal in number.
with

counted as (

    select
        'calls' as what,
        (select count(*) from {{ ref('act_call_groups') }})
        + (select count(*) from {{ ref('act_crm_only_calls') }}) as rows_before,
        (select count(*) from {{ ref('fct_calls') }}) as rows_after,
    union all
    select
        'links of calls' as what,
        (select count(*) from {{ ref('act_call_groups') }}) as rows_before,
        (
            select count(*) from {{ ref('act_calls') }}
            where call_origin = 'cti'
        ) as rows_after,
    union all
    select
        'e-mails' as what,
        (
            select count(*)
            from {{ ref('act_crm_activities') }}
            where
                kind = 'email'
                and direction <> 'internal'
        ) as rows_before,
        (select count(*) from {{ ref('fct_emails') }}) as rows_after,
    union all
    select
        'records of people' as what,
        (select count(*) from {{ ref('act_person_entries') }}) as rows_before,
        (select count(*) from {{ ref('act_person_records') }}) as rows_after,

)

select * from counted
where rows_before <> rows_after
