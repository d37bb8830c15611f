-- one row per closed, not deleted call or e-mail task of a CRM up to the as-of date
with

settings as (

    select * from {{ ref('act_settings') }}

),

tasks as (

    select *
    from {{ ref('act_tasks_versions') }}
    where is_current

),

crm_reps as (

    select * from {{ ref('act_crm_reps') }}

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

dispositions as (

    select * from {{ ref('act_call_dispositions') }}

),

call_results as (

    select * from {{ ref('act_crm_call_results') }}

),

closed as (

    select
        tasks.* replace (
            -- an export may lack what the CRM derives
            coalesce(
                tasks.account_id,
                case
                    when tasks.related_ref_type = 'account' then tasks.related_ref_id
                end
            ) as account_id
        ),
        coalesce(tasks.completed_at, tasks.created_at) as logged_at,
        coalesce(
            tasks.activity_kind,
            case when tasks.call_duration_seconds is not null then 'call' end
        ) as kind,
    from tasks
    where
        coalesce(tasks.is_closed, false)
        and not coalesce(tasks.is_deleted, false)

),

dated as (

    select
        closed.*,
        {{ reporting_date('closed.logged_at') }}
            as logged_on,
        {{ reporting_hour('closed.logged_at') }}
            as logged_hour,
        settings.as_of_date,
    from closed
    cross join settings
    where closed.kind in ('call', 'email')

),

activities as (

    select
        {{ record_key('dated.record_system', 'dated.activity_id') }} as activity_id,
        dated.kind,
        dated.source_id,
        dated.file_id,
        dated.record,
        dated.activity_id as source_activity_id,
        dated.logged_at,
        dated.logged_on,
        dated.logged_hour,
        dated.record_system,
        dated.owner_id,
        coalesce(crm_reps.rep_id, '(unassigned)') as rep_id,
        crm_people.person_id,
        coalesce(
            persons.account_id,
            account_ids.account_id,
            {{ record_key('dated.record_system', 'dated.account_id') }}
        ) as account_id,
        coalesce(crm_people.is_internal, false) as is_with_colleague,
        -- between colleagues is internal; what has no direction is what the rep did
        case
            when crm_people.is_internal then 'internal'
            when dated.call_direction in ('inbound', 'internal') then dated.call_direction
            else 'outbound'
        end as direction,
        cast(coalesce(dated.call_duration_seconds, 0) as double) as talk_seconds,
        -- planning goes before what a result means to every customer of the CRM, also where it says other
        case
            when call_results.is_ruled then dispositions.disposition
            else dated.call_disposition
        end as disposition,
        dated.telephony_result,
        dated.cti_call_ref,
        dated.customer_number_raw,
        dated.description,
    from dated
    left join crm_reps
        on
            dated.record_system = crm_reps.record_system
            and dated.owner_id = crm_reps.user_id
    left join crm_people
        on
            dated.record_system = crm_people.record_system
            and dated.person_ref_id = crm_people.record_id
    left join persons
        on crm_people.person_id = persons.person_id
    left join account_ids
        on
            dated.record_system = account_ids.record_system
            and dated.account_id = account_ids.source_account_id
    left join call_results
        on
            dated.source_id = call_results.source_id
            and dated.call_disposition_raw = call_results.call_result
    left join dispositions
        on
            dated.source_id = dispositions.source_id
            and [dated.call_disposition_raw] = dispositions.disposition_values
    where dated.logged_on <= dated.as_of_date

)

select * from activities
