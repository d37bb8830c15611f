-- one row per record and piece of news: that it came, was deleted or lives on in another one
{% set records = [
    ('activity', 'act_tasks_versions', 'activity_id'),
    ('event', 'act_events_versions', 'meeting_id'),
    ('opportunity', 'act_opportunities_versions', 'opportunity_id'),
] %}
{% set people = [
    ('lead', 'act_leads_versions', 'lead_id'),
    ('contact', 'act_contacts_versions', 'contact_id'),
    ('ma_person', 'act_marketing_persons_versions', 'person_id'),
] %}
with

new_files as (

    select * from {{ ref('act_new_files') }}

),

releases as (

    select * from {{ ref('act_previous_release') }}

),

legs as (

    select * from {{ ref('act_call_legs') }}

),

person_records as (

    select * from {{ ref('act_person_records') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

hubspot_merges as (

    select * from {{ ref('act_hubspot_merges') }}

),

new_calls as (

    select distinct legs.cti_account || ':' || legs.call_group_id as record_id
    from legs
    semi join new_files on legs.file_id = new_files.file_id

),

{% for kind, model, id in records %}
{{ kind }}_versions as (

    select
        {{ record_key('versions.record_system', 'versions.' ~ id) }} as record_id,
        coalesce(versions.is_deleted, false) as is_deleted,
        new_files.file_id is not null as is_new
    from {{ ref(model) }} as versions
    left join new_files on versions.file_id = new_files.file_id
    where versions.is_current

),

{% endfor %}
new_person_records as (

    {% for kind, model, id in people %}
    select
        versions.record_system || ':{{ kind }}:' || versions.{{ id }} as record_key
    from {{ ref(model) }} as versions
    semi join new_files on versions.file_id = new_files.file_id
    where versions.is_current
    {{ 'union' if not loop.last }}
    {% endfor %}

),

news as (

    select 'call' as kind, record_id, 'came' as news, cast(null as varchar) as successor_id
    from new_calls

    {% for kind, model, id in records %}
    union all

    select '{{ kind }}' as kind, record_id, 'came' as news, null as successor_id
    from {{ kind }}_versions
    where is_new and not is_deleted

    union all

    select '{{ kind }}' as kind, record_id, 'deleted' as news, null as successor_id
    from {{ kind }}_versions
    where is_deleted
    {% endfor %}

    union all

    select
        'opportunity' as kind,
        {{ record_key('record_system', 'record_id') }} as record_id,
        'merged' as news,
        {{ record_key('record_system', 'winner_id') }} as successor_id
    from hubspot_merges
    where object = 'deal'

    union all

    select distinct
        'person' as kind,
        person_records.person_id as record_id,
        case when person_records.is_deleted then 'deleted' else 'came' end as news,
        null as successor_id
    from person_records
    semi join new_person_records on person_records.record_key = new_person_records.record_key

    union all

    -- a person is named after the oldest record, so that every other one may have named a person of its own
    select
        'person' as kind,
        md5(record_key) as record_id,
        'merged' as news,
        person_id as successor_id
    from person_records
    where md5(record_key) <> person_id

    union all

    select distinct
        'account' as kind,
        {{ record_key('record_system', 'source_account_id') }} as record_id,
        'merged' as news,
        account_id as successor_id
    from account_ids
    where {{ record_key('record_system', 'source_account_id') }} <> account_id

)

select news.*
from news
semi join releases on true
