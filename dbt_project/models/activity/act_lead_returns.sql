-- one row per lead and day on which it came back from nurturing: a rep approached it again
with

settings as (

    select * from {{ ref('act_settings') }}

),

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

known_records as (

    select * from {{ ref('act_known_records') }}
    where is_cohort_record

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

status_changes as (

    select * from {{ ref('act_lead_status_changes') }}

),

status_steps as (

    select
        source_id,
        {{ match_key('status') }} as status,
        step
    from {{ ref('stg_kura__lead_status_steps') }}

),

approaches as (

    select * from {{ ref('fct_approaches') }}

),

meetings as (

    select * from {{ ref('act_meetings') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

told_statuses as (

    select
        record_system,
        source_id,
        lead_id,
        status,
        updated_at as told_at
    from leads

    union

    select
        record_system,
        source_id,
        lead_id,
        status,
        changed_at as told_at
    from status_changes
    where status is not null

),

statuses as (

    select
        known_records.person_id,
        told_statuses.record_system,
        told_statuses.lead_id,
        told_statuses.told_at,
        {{ reporting_date('told_statuses.told_at') }}
            as told_on,
        coalesce(status_steps.step in ('handed_back', 'nurturing'), false) as is_back
    from told_statuses
    cross join settings
    inner join known_records
        on told_statuses.record_system = known_records.record_system
        and told_statuses.lead_id = known_records.record_id
        and known_records.record_type = 'lead'
    left join status_steps
        on told_statuses.source_id = status_steps.source_id
        and {{ match_key('told_statuses.status') }} = status_steps.status
    where
        told_statuses.told_at is not null
        and {{ reporting_date('told_statuses.told_at') }}
        <= settings.as_of_date

),

-- an edit of something else while the lead is back does not hand it back again
handed_back as (

    select
        person_id,
        told_on as nurtured_from
    from statuses
    qualify
        is_back
        and not coalesce(
            lag(is_back) over (
                partition by record_system, lead_id order by told_at, is_back
            ),
            false
        )

),

unworked_mqls as (

    select
        person_id,
        mql_on as nurtured_from
    from lead_steps
    where
        mql_on is not null
        and (worked_on is null or worked_on > mql_on)

),

nurtured as (

    select distinct
        nurturing.person_id,
        nurturing.nurtured_from,
        coalesce(lead_steps.worked_on <= nurturing.nurtured_from, false) as was_worked
    from (
        select * from handed_back
        union all
        select * from unworked_mqls
    ) as nurturing
    inner join lead_steps on nurturing.person_id = lead_steps.person_id

),

approach_days as (

    select
        approaches.person_id,
        approaches.approached_on,
        min(approaches.approach_id) as approach_id
    from approaches
    semi join nurtured on approaches.person_id = nurtured.person_id
    group by approaches.person_id, approaches.approached_on

),

-- within a day nobody can say which came first
approached_again as (

    select
        nurtured.person_id,
        nurtured.nurtured_from,
        nurtured.was_worked,
        approach_days.approached_on as returned_on,
        approach_days.approach_id
    from nurtured
    asof inner join approach_days
        on nurtured.person_id = approach_days.person_id
        and nurtured.nurtured_from < approach_days.approached_on

),

returns as (

    select
        person_id,
        returned_on,
        approach_id,
        max(nurtured_from) as nurtured_from,
        bool_or(was_worked) as was_worked,
        lead(returned_on, 1, date 'infinity') over (
            partition by person_id order by returned_on
        ) as returned_next_on
    from approached_again
    group by person_id, returned_on, approach_id

),

met as (

    select distinct
        returns.person_id,
        returns.returned_on
    from returns
    inner join meetings
        on returns.person_id = meetings.person_id
        and returns.returned_on <= meetings.booked_on
        and returns.returned_next_on > meetings.booked_on

),

won as (

    select distinct
        returns.person_id,
        returns.returned_on
    from returns
    inner join lead_opportunities
        on returns.person_id = lead_opportunities.person_id
        and lead_opportunities.is_won
        and returns.returned_on <= lead_opportunities.closed_on
        and returns.returned_next_on > lead_opportunities.closed_on

),

final as (

    select
        returns.person_id,
        returns.returned_on,
        returns.nurtured_from,
        case when starts_with(returns.approach_id, 'call:') then substr(returns.approach_id, 6) end
            as call_id,
        case when starts_with(returns.approach_id, 'email:') then substr(returns.approach_id, 7) end
            as email_id,
        case when returns.was_worked then 'handed_back' else 'never_worked' end as nurtured_as,
        met.person_id is not null as has_met,
        won.person_id is not null as has_won
    from returns
    left join met
        on returns.person_id = met.person_id
        and returns.returned_on = met.returned_on
    left join won
        on returns.person_id = won.person_id
        and returns.returned_on = won.returned_on

)

select * from final
