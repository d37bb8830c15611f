{#
    Every distinct state in which a record was ever delivered, all systems together.

    `objects` names the staging models that deliver the record, one per system; `key` the canonical
    columns that name one record inside one account; `version_column` the vendor's last-modified instant
    (none: the extraction stands in for it).
    Accepted deliveries only. Two deliveries are one version when all business columns agree;
    the version then carries the file and record of its earliest delivery. The current version
    follows the rule of formats 4.0: greatest last-modified instant, then extraction, then the
    file's sha256, then the record number, so it does not depend on the order of loading.
    What was delivered once is its only version: nothing of it is compared.

    Returns a whole query: `with …` up to `select * from final`.
#}
{% macro versions_of(objects, key, version_column='updated_at') %}
{%- set updated_at = version_column or 'cast(null as timestamp)' -%}
{%- set envelope = ['source_id', 'file_id', 'record', 'extracted_at', 'reject_reason'] -%}
{%- set record_hash = key_hash(['record_system'] + key) -%}
with

files as (

    select * from {{ ref('act_files') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

-- read three times, each time only the columns asked for
delivered as not materialized (
{% for object in objects %}
    select *
    from {{ ref(object) }}
    where reject_reason is null
    {%- if not loop.last %}

    union all by name
    {% endif -%}
{% endfor %}
),

placed as not materialized (

    select
        delivered.*,
        {{ record_system('sources') }} as record_system
    from delivered
    left join sources on delivered.source_id = sources.source_id

),

repeated as (

    select {{ record_hash }} as record_hash
    from placed
    group by record_hash
    having count(*) > 1

),

delivered_once as (

    select
        placed.* exclude (extracted_at, reject_reason),
        'only' as version_hash,
        placed.extracted_at as first_extracted_at,
        placed.extracted_at as last_extracted_at,
        true as is_current
    from placed
    anti join repeated on {{ record_hash }} = repeated.record_hash

),

told_apart as (

    select
        *,
        {{ content_hash(envelope + ['record_system']) }} as version_hash
    from placed
    semi join repeated on {{ record_hash }} = repeated.record_hash

),

delivered_again as (

    select
        told_apart.*,
        {
            'at': told_apart.extracted_at,
            'sha256': coalesce(files.sha256, ''),
            'record': told_apart.record,
            'file_id': told_apart.file_id,
            'source_id': told_apart.source_id
        } as delivery
    from told_apart
    left join files on told_apart.file_id = files.file_id

),

states as (

    select
        record_system,
        {% for column in key %}{{ column }}, {% endfor %}
        version_hash,
        min(delivery) as first_delivery,
        max(delivery) as last_delivery,
        min(extracted_at) as first_extracted_at,
        max(extracted_at) as last_extracted_at
    from delivered_again
    group by record_system, {{ key | join(', ') }}, version_hash

),

-- a state is shown by its first delivery
versions as (

    select
        delivered_again.* exclude (extracted_at, reject_reason, delivery),
        states.first_extracted_at,
        states.last_extracted_at,
        states.last_delivery
    from delivered_again
    inner join states
        on delivered_again.record_system = states.record_system
        {% for column in key -%}
        and delivered_again.{{ column }} = states.{{ column }}
        {% endfor -%}
        and delivered_again.version_hash = states.version_hash
        and delivered_again.delivery = states.first_delivery

),

current_versions as (

    select
        record_system,
        {% for column in key %}{{ column }}, {% endfor %}
        arg_max(
            version_hash,
            {
                'updated_at': coalesce({{ updated_at }}, last_extracted_at),
                'last_delivery': last_delivery
            }
        ) as version_hash
    from versions
    group by record_system, {{ key | join(', ') }}

),

judged as (

    select
        versions.* exclude (last_delivery),
        current_versions.version_hash is not null as is_current
    from versions
    left join current_versions
        on versions.record_system = current_versions.record_system
        {% for column in key -%}
        and versions.{{ column }} = current_versions.{{ column }}
        {% endfor -%}
        and versions.version_hash = current_versions.version_hash

),

final as (

    select
        *,
        coalesce({{ updated_at }}, first_extracted_at) as valid_at
    from (
        select * from delivered_once
        union all by name
        select * from judged
    )

)

select * from final
{% endmacro %}


{#
    The account a record lives in. Two exports of one account share their records; a mapped
    source without an account is an account of its own, because its ids mean nothing elsewhere.
#}
{% macro record_system(sources) -%}
    case
        when {{ sources }}.system = 'mapped'
            then 'mapped:' || coalesce({{ sources }}.account, {{ sources }}.source_id)
        else {{ sources }}.system || coalesce(':' || {{ sources }}.account, '')
    end
{%- endmacro %}


{#
    One number over every column except `but`. Told apart are only the deliveries of one record, so that
    64 bits suffice; a text of all columns and its md5 took ten times as long.
#}
{% macro content_hash(but) -%}
    cast(hash(*columns(* exclude ({{ but | join(', ') }}))) as varchar)
{%- endmacro %}
