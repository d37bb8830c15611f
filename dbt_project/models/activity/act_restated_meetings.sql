-- one row per calendar event that is not as it was in the previous release, and what that is put down to
with

{{ changed_things('fct_meetings', 'booked_on') }},

settings as (

    select * from {{ ref('act_settings') }}

),

new_files as (

    select * from {{ ref('act_new_files') }}

),

news as (

    select * from {{ ref('act_record_news') }}

),

judged as (

    select
        changed.*,
        new_files.file_id is not null as is_in_new_file,
        {{ is_another_record() | indent(8) }} as is_record_changed,
        gone_events.record_id is not null as is_deleted,
        came_deals.record_id is not null
        or changed.new_row.opportunity_id is distinct from changed.old_row.opportunity_id as is_deal_changed,
        gone_deals.record_id is not null as is_deal_deleted,
        merged_deals.record_id is not null or merged_accounts.record_id is not null as is_deal_merged,
        merged_persons.record_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted,
        -- what decided it happened after the day the earlier release speaks of
        coalesce(
            (
                changed.new_row.decision is distinct from changed.old_row.decision
                and case changed.new_row.decision
                    when 'accepted' then changed.new_row.accepted_on > previous_release.as_of_date
                    when 'rejected'
                        then changed.new_row.booked_on + cast(changed.new_row.days_to_decision as integer)
                        > previous_release.as_of_date
                    when 'expired'
                        then changed.new_row.last_scheduled_on + settings.decision_expires_after_days
                        >= previous_release.as_of_date
                end
            ),
            false
        )
        or coalesce(
            {{ differs('changed', [
                'outcome', 'is_held', 'is_no_show', 'cohort_outcome', 'is_outcome_known_of_cohort',
                'is_outcome_unknown_of_cohort', 'acquired_on',
            ]) | indent(12) }}
            and greatest(
                changed.new_row.meeting_on, changed.new_row.last_scheduled_on, changed.new_row.acquired_on
            )
            > previous_release.as_of_date,
            false
        ) as is_decided_later
    from changed
    cross join previous_release
    cross join settings
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    {{ news_of('gone_events', 'event', 'deleted', 'changed.thing_id') | indent(4) }}
    {{ news_of('came_deals', 'opportunity', 'came', 'changed.new_row.opportunity_id') | indent(4) }}
    {{ news_of('gone_deals', 'opportunity', 'deleted', 'changed.old_row.opportunity_id') | indent(4) }}
    {{ news_of('merged_deals', 'opportunity', 'merged', 'changed.old_row.opportunity_id') | indent(4) }}
    {{ news_of('merged_accounts', 'account', 'merged', 'changed.old_row.account_id') | indent(4) }}
    {{ news_of_its_person() | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    {{
        who_cause(
            'judged.is_record_changed or judged.new_row.meeting_id is distinct from judged.old_row.meeting_id'
        ) | indent(4)
    }} as who_cause,
    {{ whom_cause() | indent(4) }} as whom_cause,
    case
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_deleted then 'delete'
        when judged.is_there and judged.was_there and judged.is_decided_later then 'late_fact'
        -- an event that was deleted before it began is a meeting called off
        when judged.is_deleted and {{ differs('judged', ['outcome', 'cohort_outcome']) | indent(8) }}
            then 'delete'
        when judged.is_deal_deleted then 'delete'
        when judged.is_deal_merged or judged.is_person_merged then 'merge'
        when
            judged.is_there
            and judged.was_there
            and (judged.is_record_changed or judged.is_deal_changed or judged.is_person_changed)
            then 'correction'
        {{ otherwise(['roster']) | indent(4) }} as what_cause
from judged
cross join previous_release
