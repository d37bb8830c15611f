-- one row per record that has no current version, or more than one
with

versions as (
{% for object, key in {
    'users': 'user_id',
    'leads': 'lead_id',
    'contacts': 'contact_id',
    'accounts': 'account_id',
    'opportunities': 'opportunity_id',
    'opportunity_stages': 'stage_key',
    'tasks': 'activity_id',
    'events': 'meeting_id',
    'marketing_persons': 'person_id',
    'campaigns': 'campaign_id',
    'campaign_members': 'member_id',
    'survey_responses': 'response_id',
}.items() %}
    select '{{ object }}' as object, record_system, {{ key }} as record_id, is_current
    from {{ ref('act_' ~ object ~ '_versions') }}
    {%- if not loop.last %}

    union all
    {% endif -%}
{% endfor %}

),

wrong as (

    select
        object,
        record_system,
        record_id,
    from versions
    group by object, record_system, record_id
    having count(*) filter (where is_current) != 1

)

select * from wrong
