-- one row per e-mail that is not as it was in the previous release, with what its changes are put down to
with

{{ changed_things('fct_emails', 'sent_on') }},

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
        gone_emails.record_id is not null as is_deleted,
        merged_persons.record_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted
    from changed
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    {{ news_of('gone_emails', 'activity', 'deleted', 'changed.thing_id') | indent(4) }}
    {{ news_of_its_person() | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    {{ who_cause() | indent(4) }} as who_cause,
    {{ whom_cause() | indent(4) }} as whom_cause,
    case
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_deleted then 'delete'
        when judged.is_person_merged then 'merge'
        when judged.is_record_changed and judged.is_there and judged.was_there then 'correction'
        {{ otherwise(['roster', 'target_accounts']) | indent(4) }} as what_cause
from judged
cross join previous_release
