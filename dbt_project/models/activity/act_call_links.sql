-- one row per call of a telephone system, as it was: whom it was with, and its CRM twin
{#- A view: ten million wide rows pass through it once. #}
{{ config(materialized='view') }}
with

calls as (

    select * from {{ ref('act_call_groups') }}

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

-- a telephone system names a record without its CRM or kind: an id that two records have names nobody
named_people as (

    select
        crm_people.record_id,
        min(crm_people.person_id) as person_id,
        min(persons.account_id) as account_id,
        bool_or(crm_people.is_internal) as is_internal,
    from {{ ref('act_crm_people') }} as crm_people
    inner join {{ ref('act_persons') }} as persons
        on crm_people.person_id = persons.person_id
    anti join {{ ref('act_account_ids') }} as account_ids
        on crm_people.record_id = account_ids.source_account_id
    group by crm_people.record_id
    having count(distinct crm_people.person_id) = 1

),

named_accounts as (

    select
        account_ids.source_account_id as record_id,
        min(account_ids.account_id) as account_id,
    from {{ ref('act_account_ids') }} as account_ids
    anti join {{ ref('act_crm_people') }} as crm_people
        on account_ids.source_account_id = crm_people.record_id
    group by account_ids.source_account_id
    having count(distinct account_ids.account_id) = 1

),

twin_activities as (

    select
        twins.call_id,
        activities.activity_id,
        activities.person_id,
        activities.account_id,
        activities.disposition,
        activities.is_with_colleague,
    from twins
    inner join activities
        on twins.activity_id = activities.activity_id

),

said as (

    select
        calls.*,
        named_people.person_id as named_person_id,
        named_people.account_id as named_persons_account_id,
        named_people.is_internal as is_named_internal,
        case when named_people.person_id is null then named_accounts.account_id end
            as named_account_id,
        twin_activities.activity_id,
        twin_activities.person_id as twin_person_id,
        twin_activities.account_id as twin_account_id,
        twin_activities.disposition as crm_disposition,
        twin_activities.is_with_colleague as is_twin_with_colleague,
        coalesce(number_matches.match_level, 'none') as number_level,
        number_matches.person_id as number_person_id,
        number_matches.account_id as number_account_id,
        number_matches.is_internal as is_number_internal,
    from calls
    left join named_people
        on calls.crm_record_id = named_people.record_id
    left join named_accounts
        on calls.crm_record_id = named_accounts.record_id
    left join twin_activities
        on calls.call_id = twin_activities.call_id
    left join number_matches
        on calls.customer_e164 = number_matches.e164

),

-- the id on the call's own row, the activity's person, the number, the activity's account; a person
-- of the account that the row names does not contradict it
decided as (

    select
        *,
        case
            when named_person_id is not null then 'named person'
            when
                twin_person_id is not null
                and coalesce(
                    named_account_id is null or named_account_id = twin_account_id,
                    false
                )
                then 'twin person'
            when
                number_level = 'person'
                and coalesce(
                    named_account_id is null or named_account_id = number_account_id,
                    false
                )
                then 'number person'
            when named_account_id is not null then 'named account'
            when number_level = 'account' then 'number account'
            when twin_account_id is not null then 'twin account'
            else 'nobody'
        end as told_by,
    from said

),

links as (

    select
        * exclude (
            named_person_id,
            named_persons_account_id,
            is_named_internal,
            named_account_id,
            activity_id,
            twin_person_id,
            twin_account_id,
            is_twin_with_colleague,
            number_level,
            number_person_id,
            number_account_id,
            is_number_internal,
            told_by
        ),
        case
            when told_by in ('named person', 'twin person', 'number person')
                then 'person'
            when told_by = 'nobody' then 'none'
            else 'account'
        end as match_level,
        case
            when told_by in ('named person', 'named account') then 'crm_record'
            when told_by in ('twin person', 'twin account') then 'crm_activity'
            when told_by = 'nobody' then 'none'
            else 'phone'
        end as match_basis,
        case told_by
            when 'named person' then named_person_id
            when 'twin person' then twin_person_id
            when 'number person' then number_person_id
        end as person_id,
        case told_by
            when 'named person' then named_persons_account_id
            when 'named account' then named_account_id
            when 'twin person' then twin_account_id
            when 'twin account' then twin_account_id
            when 'number person' then number_account_id
            when 'number account' then number_account_id
        end as account_id,
        activity_id as crm_activity_id,
        coalesce(
            case told_by
                when 'named person' then is_named_internal
                when 'twin person' then is_twin_with_colleague
                else is_number_internal
            end,
            false
        ) as is_with_colleague,
    from decided

)

select * from links
