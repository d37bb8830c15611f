-- one row per call that is not as it was in the previous release, with what its changes are put down to
with

{{ changed_things('fct_calls', 'called_on') }},

new_files as (

    select * from {{ ref('act_new_files') }}

),

news as (

    select * from {{ ref('act_record_news') }}

),

taking_over as (

    select distinct crm_activity_id
    from {{ ref('fct_calls') }}
    where crm_activity_id is not null and crm_activity_id <> call_id

),

judged as (

    select
        changed.*,
        new_files.file_id is not null or legs.record_id is not null as is_in_new_file,
        {{ is_another_record() | indent(8) }} or legs.record_id is not null as is_record_changed,
        came_twins.record_id is not null
        or changed.new_row.crm_activity_id is distinct from changed.old_row.crm_activity_id
            as is_twin_changed,
        gone_twins.record_id is not null as is_twin_deleted,
        gone_calls.record_id is not null as is_deleted,
        -- a call the CRM told of is told by the telephone system since
        taking_over.crm_activity_id is not null as is_taken_over,
        merged_persons.record_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted
    from changed
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    left join taking_over
        on case when not changed.is_there then changed.thing_id end = taking_over.crm_activity_id
    {{ news_of('legs', 'call', 'came', 'changed.thing_id') | indent(4) }}
    {{ news_of('came_twins', 'activity', 'came', 'changed.new_row.crm_activity_id') | indent(4) }}
    {{ news_of('gone_twins', 'activity', 'deleted', 'changed.old_row.crm_activity_id') | indent(4) }}
    {{ news_of('gone_calls', 'activity', 'deleted', 'changed.thing_id') | indent(4) }}
    {{ news_of_its_person() | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    {{ who_cause() | indent(4) }} as who_cause,
    {{ whom_cause('judged.is_record_changed or judged.is_twin_changed') | indent(4) }} as whom_cause,
    case
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_deleted then 'delete'
        when not judged.is_there and judged.is_taken_over then 'late_fact'
        when judged.is_twin_deleted then 'delete'
        when judged.is_person_merged then 'merge'
        when
            judged.is_there
            and judged.was_there
            and (judged.is_record_changed or judged.is_twin_changed)
            then 'correction'
        when
            judged.is_person_changed
            and {{ differs('judged', ['person_id', 'match_level', 'has_key_person']) | indent(12) }}
            then 'correction'
        -- whom a number belongs to is said by no planning table
        when {{ differs('judged', ['person_id', 'match_level']) | indent(8) }}
            and judged.is_there
            and judged.was_there
            then case
                {{ otherwise([]) | indent(12) }}
        {{ otherwise(['dispositions', 'title_map', 'roster', 'target_accounts']) | indent(4) }} as what_cause
from judged
cross join previous_release
