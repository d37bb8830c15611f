{#
    Every distinct state in which a record was ever delivered, all systems together.

    `objects` names the staging models that deliver the record, one per system; `key` the canonical
    columns that name one record inside one account; `version_column` the vendor's last-modified instant
    (none: the extraction stands in for it).
    Accepted deliveries only. Two deliveries are one version when all business columns agree;
    the version then carries the file and record of its earliest delivery. The current version
    follows the rule of formats 4.0: greatest last-modified instant, then extraction, then the
    file's sha256, then the record number, so it does not depend on the order of loading.

    Returns a whole query: `with …` up to `select * from versions`.
#}
{% macro versions_of(objects, key, version_column='updated_at') %}
{%- set updated_at = version_column or 'cast(null as timestamp)' -%}
{%- set envelope = ['source_id', 'file_id', 'record', 'extracted_at', 'reject_reason'] -%}
{%- set facts = envelope + [
    'record_system', 'version_hash', 'delivery'
] -%}
with

files as (

    select * from {{ ref('act_files') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

delivered as (
{% for object in objects %}
    select *
    from {{ ref(object) }}
    where reject_reason is null
    {%- if not loop.last %}

    union all by name
    {% endif -%}
{% endfor %}

),

fingerprinted as (

    select
        *,
        {{ content_hash(envelope) }} as version_hash
    from delivered

),

placed as (

    select
        fingerprinted.*,
        {{ record_system('sources') }} as record_system,
        {
            'at': fingerprinted.extracted_at,
            'sha256': coalesce(files.sha256, ''),
            'record': fingerprinted.record
        } as delivery
    from fingerprinted
    left join sources on fingerprinted.source_id = sources.source_id
    left join files on fingerprinted.file_id = files.file_id

),

versions as (

    select
        record_system,
        {% for column in key %}{{ column }}, {% endfor %}
        version_hash,
        {{ any_of_the_rest(facts + key) }},
        arg_min(source_id, delivery) as source_id,
        arg_min(file_id, delivery) as file_id,
        arg_min(record, delivery) as record,
        min(extracted_at) as first_extracted_at,
        max(extracted_at) as last_extracted_at,
        max(delivery) as last_delivery
    from placed
    group by record_system, {{ key | join(', ') }}, version_hash

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

final as (

    select
        versions.* exclude (last_delivery),
        coalesce({{ updated_at }}, versions.first_extracted_at) as valid_at,
        current_versions.version_hash is not null as is_current
    from versions
    left join current_versions
        on versions.record_system = current_versions.record_system
        {% for column in key -%}
        and versions.{{ column }} = current_versions.{{ column }}
        {% endfor -%}
        and versions.version_hash = current_versions.version_hash

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


{# md5 over every column except `but`; JSON tells null from '' and keeps column names. #}
{% macro content_hash(but) -%}
    md5(cast(to_json(struct_pack(*columns(* exclude ({{ but | join(', ') }})))) as varchar))
{%- endmacro %}


{# Any value of every column except `but`, under its own name: they agree within a version. #}
{% macro any_of_the_rest(but) -%}
    first(columns(* exclude ({{ but | join(', ') }})))
{%- endmacro %}
