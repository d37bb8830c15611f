-- one row per day looked at, target list, account on it that day and look-back
with

members as (

    select * from {{ ref('act_target_members') }}

),

windows as (

    select * from {{ ref('act_coverage_scopes') }}
    where scope_type = 'company'

),

actions as (

    select * from {{ ref('act_target_account_actions') }}

),

listed as (

    select distinct
        as_of_on,
        account_id
    from members

),

-- added up per account, not per list: an account on two lists is one account
happened as (

    select
        windows.as_of_on,
        windows.look_back,
        actions.account_id,
        min(actions.acted_on) filter (where actions.approaches > 0) as first_approached_on,
        min(actions.acted_on) filter (where actions.connects > 0) as first_connected_on,
        min(actions.acted_on) filter (where actions.meetings_held > 0) as first_met_on,
        min(actions.acted_on) filter (where actions.opportunities_created > 0)
            as first_opportunity_on,
        cast(sum(actions.approaches) as bigint) as approaches,
        cast(sum(actions.connects) as bigint) as connects,
        cast(sum(actions.meetings_held) as bigint) as meetings_held,
        cast(sum(actions.opportunities_created) as bigint) as opportunities_created,
        count(distinct actions.person_id) filter (where actions.approaches > 0)
            as persons_approached,
        count(distinct actions.person_id) filter (where actions.connects > 0) as persons_reached,
        string_agg(distinct actions.rep_id, ', ' order by actions.rep_id)
            filter (where actions.approaches > 0) as approached_by
    from windows
    inner join listed on windows.as_of_on = listed.as_of_on
    inner join actions
        on
            listed.account_id = actions.account_id
            and actions.acted_on between windows.window_start and windows.as_of_on
    group by windows.as_of_on, windows.look_back, actions.account_id

),

-- Absent is not zero: what no day of the look-back could show is not known.
facts as (

    select
        members.as_of_on,
        members.list_name,
        members.account_id,
        windows.look_back,
        windows.window_start,
        members.is_known,
        case
            when windows.approach_days > 0 then happened.first_approached_on is not null
        end as is_approached,
        case
            when windows.connect_days > 0 then happened.first_connected_on is not null
        end as is_connected,
        case when windows.meeting_days > 0 then happened.first_met_on is not null end as is_met,
        case
            when windows.opportunity_days > 0 then happened.first_opportunity_on is not null
        end as has_opportunity,
        happened.first_approached_on,
        happened.first_connected_on,
        happened.first_met_on,
        happened.first_opportunity_on,
        case when windows.approach_days > 0 then coalesce(happened.approaches, 0) end
            as approaches,
        case when windows.connect_days > 0 then coalesce(happened.connects, 0) end as connects,
        case when windows.meeting_days > 0 then coalesce(happened.meetings_held, 0) end
            as meetings_held,
        case
            when windows.opportunity_days > 0 then coalesce(happened.opportunities_created, 0)
        end as opportunities_created,
        case when windows.approach_days > 0 then coalesce(happened.persons_approached, 0) end
            as persons_approached,
        case when windows.connect_days > 0 then coalesce(happened.persons_reached, 0) end
            as persons_reached,
        happened.approached_by
    from members
    inner join windows on members.as_of_on = windows.as_of_on
    left join happened
        on
            members.as_of_on = happened.as_of_on
            and members.account_id = happened.account_id
            and windows.look_back = happened.look_back

)

select * from facts
