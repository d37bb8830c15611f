-- one row per opportunity that is not as it was in the previous release, and what its changes are put down to
with

{{ changed_things('fct_opportunities', 'created_on') }},

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
        gone_deals.record_id is not null as is_deleted,
        merged_deals.record_id is not null as is_merged,
        merged_accounts.record_id is not null as is_account_merged,
        came_meetings.record_id is not null
        or changed.new_row.meeting_id is distinct from changed.old_row.meeting_id as is_meeting_changed,
        gone_meetings.record_id is not null as is_meeting_deleted,
        merged_persons.record_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted,
        {% for day in ['accepted_on', 'won_on', 'lost_on'] %}
        {{ 'or ' if not loop.first }}coalesce(
            changed.new_row.{{ day }} is distinct from changed.old_row.{{ day }}
            and changed.new_row.{{ day }} > previous_release.as_of_date,
            false
        ){{ ' as is_decided_later' if loop.last }}
        {% endfor %}
    from changed
    cross join previous_release
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    {{ news_of('gone_deals', 'opportunity', 'deleted', 'changed.thing_id') | indent(4) }}
    {{ news_of('merged_deals', 'opportunity', 'merged', 'changed.thing_id') | indent(4) }}
    {{ news_of('merged_accounts', 'account', 'merged', 'changed.old_row.account_id') | indent(4) }}
    {{ news_of('came_meetings', 'event', 'came', 'changed.new_row.meeting_id') | indent(4) }}
    {{ news_of('gone_meetings', 'event', 'deleted', 'changed.old_row.meeting_id') | indent(4) }}
    {{ news_of_its_person() | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    case
        when judged.is_meeting_deleted then 'delete'
        when judged.is_account_merged or judged.is_person_merged then 'merge'
        when judged.is_meeting_changed then 'correction'
        {{ otherwise(['roster']) | indent(4) }} as who_cause,
    {{ whom_cause('judged.is_record_changed or judged.is_meeting_changed') | indent(4) }} as whom_cause,
    case
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_merged then 'merge'
        when not judged.is_there and judged.is_deleted then 'delete'
        when judged.is_there and judged.was_there and judged.is_decided_later then 'late_fact'
        when judged.is_meeting_deleted then 'delete'
        when judged.is_account_merged or judged.is_person_merged then 'merge'
        when
            judged.is_there
            and judged.was_there
            and (judged.is_record_changed or judged.is_meeting_changed)
            then 'correction'
        {{ otherwise(['roster', 'currency_rates']) | indent(4) }} as what_cause
from judged
cross join previous_release
