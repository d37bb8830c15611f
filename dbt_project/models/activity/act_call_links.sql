-- one row per call of a telephone system: whom it was with, and its CRM twin
{#- A view: it adds a few columns to rows that are read once more. #}
{{ config(materialized='view') }}
with

calls as (

    select
        call_id,
        customer_e164,
    from {{ ref('act_call_groups') }}

),

twins as (

    select * from {{ ref('act_call_twins') }}

),

activities as (

    select * from {{ ref('act_crm_activities') }}

),

number_matches as (

    select * from {{ ref('act_number_matches') }}

),

twin_activities as (

    select
        twins.call_id,
        activities.activity_id,
        activities.person_id,
        activities.account_id,
        activities.disposition,
    from twins
    inner join activities
        on twins.activity_id = activities.activity_id

),

links as (

    select
        calls.call_id,
        case
            when twin_activities.person_id is not null then 'person'
            else coalesce(number_matches.match_level, 'none')
        end as match_level,
        case
            when twin_activities.person_id is not null then 'crm_activity'
            when number_matches.match_level in ('person', 'account') then 'phone'
            else 'none'
        end as match_basis,
        coalesce(twin_activities.person_id, number_matches.person_id) as person_id,
        case
            when twin_activities.person_id is not null then twin_activities.account_id
            else number_matches.account_id
        end as account_id,
        twin_activities.activity_id as crm_activity_id,
        twin_activities.disposition as crm_disposition,
    from calls
    left join twin_activities
        on calls.call_id = twin_activities.call_id
    left join number_matches
        on calls.customer_e164 = number_matches.e164

)

select * from links
