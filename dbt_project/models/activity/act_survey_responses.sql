-- one row per survey response given by the as-of date and not deleted, with whom and what it is about
with

settings as (

    select * from {{ ref('act_settings') }}

),

versions as (

    select * from {{ ref('act_survey_responses_versions') }}

),

crm_people as (

    select * from {{ ref('act_crm_people') }}

),

email_persons as (

    select * from {{ ref('act_email_persons') }}

),

internal_domains as (

    select distinct lower(domain) as domain
    from {{ ref('stg_kura__internal_domains') }}

),

persons as (

    select * from {{ ref('act_persons') }}

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

event_versions as (

    select * from {{ ref('act_events_versions') }}

),

events as (

    select * from {{ ref('act_meeting_events') }}

),

episodes as (

    select * from {{ ref('act_meeting_episodes') }}

),

meetings as (

    select * from {{ ref('act_meeting_bookings') }}

),

opportunities as (

    select * from {{ ref('act_opportunities') }}

),

opportunity_versions as (

    select * from {{ ref('act_opportunities_versions') }}

),

reps as (

    select * from {{ ref('act_reps') }}

),

rep_spans as (

    select * from {{ ref('act_rep_spans') }}

),

responses as (

    select
        versions.*,
        {{ record_key('versions.record_system', 'versions.response_id') }} as response_key,
        {{ reporting_date('versions.answered_at') }} as answered_on,
        {{ reporting_date('versions.about_at') }} as stated_on,
        lower(trim(versions.rep_key)) as rep_word
    from versions
    cross join settings
    where
        versions.is_current
        and not coalesce(versions.is_deleted, false)
        and {{ reporting_date('versions.answered_at') }} <= settings.as_of_date

),

-- a survey names a CRM record without its account: Salesforce ids are unique everywhere, the id of
-- another CRM only if no other record has it
{% set named = {
    'people': ('crm_people', 'record_id', 'record_id', 'person_id'),
    'accounts': ('account_ids', 'source_account_id', 'source_account_id', 'account_id'),
    'events': ('event_versions', 'meeting_id', 'meeting_id', none),
    'opportunities': ('opportunity_versions', 'opportunity_id', 'opportunity_id', none),
} -%}
{% for name, (table, column, key, target) in named.items() -%}
named_{{ name }} as (

    select
        {{ column }} as record_id,
        coalesce(
            min({{ target or record_key('record_system', key) }})
                filter (where starts_with(record_system, 'salesforce')),
            case
                when count(distinct record_system) = 1
                    then min({{ target or record_key('record_system', key) }})
            end
        ) as named_id
    from {{ table }}
    {% if not target -%}
    where is_current
    {% endif -%}
    group by {{ column }}

),

{% endfor -%}
-- a rep is named by roster id, work address or the CRM's id
rep_words as (

    select
        lower(trim(rep_id)) as rep_word,
        rep_id
    from reps

    union

    select
        lower(trim(email)) as rep_word,
        rep_id
    from reps

    union

    select
        lower(trim(crm_user_id)) as rep_word,
        rep_id
    from reps

),

named_reps as (

    select
        rep_word,
        min(rep_id) as rep_id
    from rep_words
    where rep_word is not null
    group by rep_word
    having count(*) = 1

),

linked as (

    select
        responses.*,
        events.event_id as about_event_id,
        events.meeting_on,
        events.event_account_id,
        events.creator_rep_id,
        events.person_id as event_person_id,
        meetings.rep_id as booker_rep_id,
        opportunities.opportunity_id as about_opportunity_id,
        opportunities.rep_id as credited_rep_id,
        opportunities.account_id as opportunity_account_id,
        opportunities.person_id as opportunity_person_id,
        named_accounts.named_id as named_account_id,
        named_reps.rep_id as named_rep_id,
        coalesce(named_contacts.named_id, named_leads.named_id, email_persons.person_id)
            as named_person_id
    from responses
    left join named_people as named_contacts
        on responses.contact_id = named_contacts.record_id
    left join named_people as named_leads
        on responses.lead_id = named_leads.record_id
    left join email_persons
        on responses.email_norm = email_persons.email
    left join named_accounts
        on responses.account_id = named_accounts.record_id
    left join named_events
        on responses.meeting_id = named_events.record_id
    left join events
        on named_events.named_id = events.event_id
    left join episodes
        on events.event_id = episodes.event_id
    left join meetings
        on episodes.meeting_id = meetings.meeting_id
    left join named_opportunities
        on responses.opportunity_id = named_opportunities.record_id
    left join opportunities
        on named_opportunities.named_id = opportunities.opportunity_id
    left join named_reps
        on responses.rep_word = named_reps.rep_word

),

placed as (

    select
        linked.*,
        coalesce(named_person_id, event_person_id, opportunity_person_id) as found_person_id,
        coalesce(stated_on, meeting_on, answered_on) as about_on,
        -- somebody the roster does not know is named: nobody else is meant
        case
            when rep_word is not null then named_rep_id
            else coalesce(booker_rep_id, creator_rep_id, credited_rep_id)
        end as about_rep_id
    from linked

),

-- a colleague who tries the survey out is no customer
colleagues as (

    select distinct person_id
    from crm_people
    where is_internal

),

final as (

    select
        placed.response_key as response_id,
        placed.source_id,
        placed.file_id,
        placed.record,
        placed.answered_on,
        placed.about_on,
        placed.about_event_id as event_id,
        placed.about_opportunity_id as opportunity_id,
        placed.found_person_id as person_id,
        coalesce(
            placed.named_account_id,
            persons.account_id,
            placed.event_account_id,
            placed.opportunity_account_id
        ) as account_id,
        coalesce(placed.about_rep_id, '(unassigned)') as rep_id,
        coalesce(rep_spans.team, '(unassigned)') as team,
        coalesce(
            person_channels.channel,
            case when placed.found_person_id is null then '(unlinked)' else '(none)' end
        ) as channel,
        placed.score,
        -- scales differ: 0 is the worst answer there is, 100 the best
        round(
            {{ ratio('100 * (placed.score - placed.score_min)', 'placed.score_max - placed.score_min') }}, 4
        ) as score_of_100,
        case
            when placed.score_min != 0 or placed.score_max != 10 then null
            when placed.score >= 9 then 'promoter'
            when placed.score >= 7 then 'passive'
            when placed.score is not null then 'detractor'
        end as attitude
    from placed
    left join persons on placed.found_person_id = persons.person_id
    left join person_channels on placed.found_person_id = person_channels.person_id
    left join rep_spans
        on placed.about_rep_id = rep_spans.rep_id
        and placed.about_on between rep_spans.span_from and rep_spans.span_to
    left join colleagues on placed.found_person_id = colleagues.person_id
    left join internal_domains on split_part(placed.email_norm, '@', 2) = internal_domains.domain
    where
        colleagues.person_id is null
        and internal_domains.domain is null

)

select * from final
