-- one row per HubSpot deal, contact, call, meeting or e-mail: the records it belongs to
{#- The associations listed beside a record, and those of an export of their own. -#}
{%- set listed = {
    'contacts': ['contact', 'person_id', ['company']],
    'deals': ['deal', 'opportunity_id', ['company', 'contact']],
    'calls': ['call', 'activity_id', ['company', 'contact', 'deal']],
    'meetings': ['meeting', 'meeting_id', ['company', 'contact', 'deal']],
    'emails': ['email', 'activity_id', ['company', 'contact', 'deal']],
} %}
with

sources as (

    select * from {{ ref('act_sources') }}

),

merges as (

    select * from {{ ref('act_hubspot_merges') }}

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

internal_domains as (

    select distinct lower(domain) as domain
    from {{ ref('stg_kura__internal_domains') }}

),

addresses as (

    select
        {{ record_system('sources') }} as record_system,
        contacts.person_id,
        arg_max(
            {'email': contacts.email_norm},
            {
                'updated_at': contacts.updated_at,
                'extracted_at': contacts.extracted_at,
                'email': contacts.email_norm
            }
        ).email as email,
    from contacts
    inner join sources
        on contacts.source_id = sources.source_id
    where contacts.reject_reason is null
    group by record_system, contacts.person_id

),

colleagues as (

    select
        addresses.record_system,
        'contact:' || addresses.person_id as node,
    from addresses
    inner join internal_domains
        on split_part(addresses.email, '@', 2) = internal_domains.domain

),

delivered as (
{% for model, (object, id, others) in listed.items() %}
{% for other in others %}
    select
        source_id,
        extracted_at,
        '{{ object }}' as from_object,
        {{ id }} as from_id,
        '{{ other }}' as to_object,
        -- a listing of none ends what an earlier one had
        unnest(case when len({{ other }}_refs) = 0 then [null] else {{ other }}_refs end) as to_id,
        2 as rank,
        false as is_apart,
        unnest(range(1, len({{ other }}_refs) + 1)) as place,
    from {{ ref('stg_hubspot__' ~ model) }}
    where reject_reason is null

    union all
{% endfor %}
{% endfor %}
    select
        source_id,
        extracted_at,
        from_object,
        from_id,
        to_object,
        to_id,
        rank,
        true as is_apart,
        -- among the record's own associations: what else the file holds says nothing of it
        row_number() over (
            partition by source_id, file_id, from_object, from_id, to_object
            order by record
        ) as place,
    from {{ ref('stg_hubspot__associations') }}
    where
        reject_reason is null
        and from_object <> 'other'
        and to_object <> 'other'

),

-- a listing of a record's associations is whole: what the last one lacks is no association any more;
-- what stands beside the record goes before what a file of its own adds
current_edges as (

    select
        {{ record_system('sources') }} as record_system,
        delivered.* exclude (source_id, extracted_at, is_apart, place),
        {'is_apart': delivered.is_apart, 'place': delivered.place} as place,
    from delivered
    inner join sources
        on delivered.source_id = sources.source_id
    qualify
        coalesce(delivered.extracted_at, timestamp '1900-01-01')
        = max(coalesce(delivered.extracted_at, timestamp '1900-01-01')) over (
            partition by
                {{ record_system('sources') }},
                delivered.from_object,
                delivered.from_id,
                delivered.to_object
        )

),

-- either end may have listed the other
directed as (

    select
        record_system,
        from_object,
        from_id,
        to_object,
        to_id,
        rank,
        place,
    from current_edges
    where to_id is not null
    union all
    select
        record_system,
        to_object as from_object,
        to_id as from_id,
        from_object as to_object,
        from_id as to_id,
        rank,
        place,
    from current_edges
    where to_id is not null

),

-- of a record merged away its winner has the associations
surviving as (

    select
        directed.record_system,
        directed.from_object,
        coalesce(from_merges.winner_id, directed.from_id) as from_id,
        directed.to_object,
        coalesce(to_merges.winner_id, directed.to_id) as to_id,
        min(directed.rank) as rank,
        min(directed.place) as place,
    from directed
    left join merges as from_merges
        on
            directed.record_system = from_merges.record_system
            and directed.from_object = from_merges.object
            and directed.from_id = from_merges.record_id
    left join merges as to_merges
        on
            directed.record_system = to_merges.record_system
            and directed.to_object = to_merges.object
            and directed.to_id = to_merges.record_id
    group by all

),

-- a colleague beside a prospect is not whom it was with
ranked as (

    select
        surviving.*,
        {
            'is_colleague': colleagues.node is not null,
            'rank': surviving.rank,
            'place': surviving.place,
            'to_id': surviving.to_id
        } as turn,
    from surviving
    left join colleagues
        on
            surviving.record_system = colleagues.record_system
            and surviving.to_object || ':' || surviving.to_id = colleagues.node

),

first_of_each as (

    select
        record_system,
        from_object as object,
        from_id as record_id,
        {% for other in ['company', 'contact', 'deal'] %}
        arg_min(to_id, turn) filter (where to_object = '{{ other }}') as {{ other }}_id,
        {% endfor %}
        list(to_id order by turn) filter (where to_object = 'contact') as contact_ids,
    from ranked
    where from_object <> 'company'
    group by record_system, from_object, from_id

)

select * from first_of_each
