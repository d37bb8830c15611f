-- one row per hand-raise that is not as it was in the previous release, and what that is put down to
with

{{ changed_things('fct_hand_raises', 'raised_on') }},

settings as (

    select * from {{ ref('act_settings') }}

),

new_files as (

    select * from {{ ref('act_new_files') }}

),

news as (

    select * from {{ ref('act_record_news') }}

),

campaign_members as (

    select * from {{ ref('act_campaign_members_versions') }}

),

restated_answers as (

    select thing_id, is_there, was_there, who_cause, what_cause
    from {{ ref('act_restated_calls') }}

    union all

    select thing_id, is_there, was_there, who_cause, what_cause
    from {{ ref('act_restated_emails') }}

),

answers as (

    select distinct
        thing_id,
        unnest([
            new_row.attempt_id, old_row.attempt_id, new_row.connect_call_id, old_row.connect_call_id
        ]) as answer_id
    from changed

),

-- calls and e-mails that answered it then or do now, and are not as they were
answer_causes as (

    select
        answers.thing_id,
        {{ first_cause('restated_answers.what_cause') }} as what_cause,
        {{ first_cause(
            'case when restated_answers.is_there and restated_answers.was_there '
            ~ 'then restated_answers.who_cause else restated_answers.what_cause end'
        ) }} as who_cause
    from answers
    inner join restated_answers on answers.answer_id = restated_answers.thing_id
    group by answers.thing_id

),

gone_members as (

    select 'campaign_member:' || member_id as hand_raise_id
    from campaign_members
    where is_current and is_deleted

),

judged as (

    select
        changed.*,
        new_files.file_id is not null
        -- a lead that was created is told by no single record
        or (changed.new_row.source_file_id is null and came_persons.record_id is not null)
            as is_in_new_file,
        {{ is_another_record() | indent(8) }} as is_record_changed,
        gone_members.hand_raise_id is not null as is_deleted,
        merged_persons.record_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted,
        answer_causes.what_cause as answer_cause,
        answer_causes.who_cause as answerer_cause,
        coalesce(
            not changed.old_row.is_attempted
            and changed.new_row.attempted_on > previous_release.as_of_date,
            false
        ) as is_attempted_later,
        coalesce(
            not changed.old_row.is_connected
            and {{ reporting_date('changed.new_row.connected_at') | indent(12) }}
            > previous_release.as_of_date,
            false
        ) as is_connected_later,
        -- nobody answered, and the time to do so is over since
        coalesce(
            changed.old_row.is_open
            and changed.new_row.is_open
            and changed.new_row.clock_started_at = changed.old_row.clock_started_at,
            false
        )
        and {{ differs('changed', [
            'is_due_5_minutes', 'is_due_30_minutes', 'is_due_60_minutes', 'is_due_same_day',
        ]) | indent(8) }} as is_due_later
    from changed
    cross join previous_release
    cross join settings
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    left join gone_members on changed.thing_id = gone_members.hand_raise_id
    left join answer_causes on changed.thing_id = answer_causes.thing_id
    {{ news_of_its_person() | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    case
        when judged.is_attempted_later then 'late_fact'
        when judged.answerer_cause is not null then judged.answerer_cause
        when judged.is_person_merged then 'merge'
        -- whose lead it was is the word of the person's records
        when
            judged.new_row.rep_id is distinct from judged.old_row.rep_id
            and (judged.is_record_changed or judged.is_person_changed)
            then 'correction'
        {{ otherwise(['roster']) | indent(4) }} as who_cause,
    {{ whom_cause() | indent(4) }} as whom_cause,
    case
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_deleted then 'delete'
        when judged.is_attempted_later or judged.is_connected_later or judged.is_due_later
            then 'late_fact'
        when judged.answer_cause is not null then judged.answer_cause
        when judged.is_person_merged then 'merge'
        when judged.is_person_deleted then 'delete'
        when
            judged.is_there
            and judged.was_there
            and (judged.is_record_changed or judged.is_person_changed)
            then 'correction'
        {{ otherwise(['working_hours', 'company_holidays']) | indent(4) }} as what_cause
from judged
cross join previous_release
