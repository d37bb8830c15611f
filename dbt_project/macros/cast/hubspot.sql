{#
    What HubSpot's records share: associations beside the properties, merges told by the winner, instants
    that mean a day.
#}

{# Ids of associated records in their order, the primary one first. #}
{% macro associated_ids(results) -%}
    list_transform(
        list_sort(list_transform(
            json_extract({{ results }}, '$[*]'),
            lambda edge, place: {
                'rank': {{ association_rank(
                    "concat_ws(' ', edge ->> '$.type', edge ->> '$.label')"
                ) }},
                'place': place,
                'id': coalesce(edge ->> '$.id', edge ->> '$.toObjectId')
            }
        )),
        lambda edge: edge.id
    )
{%- endmacro %}


{# An association whose id lost its last digits names somebody else, or nobody (formats 6.3.8). #}
{% macro rules_of_references(columns) -%}
    {%- set rules = [] -%}
    {%- for column in columns -%}
        {%- do rules.append((
            'damaged_id:' ~ column,
            'len(list_filter(' ~ column ~ ', lambda ref: ' ~ is_damaged_id('ref', true) ~ ')) > 0',
        )) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}


{# Of several associations the primary one counts, then one with a label of its own. #}
{% macro association_rank(types) -%}
    case
        when contains(lower({{ types }}), 'primary') then 1
        when contains(lower({{ types }}), 'unlabeled') then 3
        else 2
    end
{%- endmacro %}


{# Ids merged into a record, from texts such as 12;34 and 12:1711933200000;34:… #}
{% macro merged_record_ids(own_id, texts) -%}
    nullif(list_sort(list_distinct(list_filter(
        list_transform(
            string_split(concat_ws(';', {{ texts | join(', ') }}), ';'),
            lambda merged: nullif(trim(split_part(merged, ':', 1)), '')
        ),
        lambda merged: merged is not null and merged <> {{ own_id }}
    ))), [])
{%- endmacro %}


{#
    The day an instant lies in by the clocks of the source; a day is one already, and so is a local time
    where a zone is configured (tables of the exports API, date cells of a workbook).
#}
{% macro local_day(text, system) -%}
    {%- set utc = 'coalesce(' ~ zoned_instant(text) ~ ', ' ~ epoch(text) ~ ')' -%}
    case
        when {{ is_day(text) }} then try_cast({{ text }} as date)
        when {{ is_local_time(text) }}
            then case
                when time_zone is not null then cast(try_cast({{ text }} as timestamp) as date)
            end
        {%- if execute %}
        {%- for zone in time_zones(source('kura', 'sources'), system) %}
        when day_zone = {{ literal(zone.name) }} then cast(
            {%- if zone.offset is not none %} {{ utc }} + to_seconds({{ zone.offset }})
            {%- else %} {{ local_at(utc, zone.name) }}
            {%- endif %} as date)
        {%- endfor %}
        {%- endif %}
    end
{%- endmacro %}


{% macro unless_forgotten(value) -%}
    case when not is_gdpr_deleted then {{ value }} end
{%- endmacro %}


{# Why a text that means a day (`local_day`) is none. #}
{% macro rules_of_local_day(text, day) -%}
    {{ return([
        (
            'no_time_zone:' ~ day,
            day ~ ' is null and time_zone is null and ' ~ is_local_time(text),
        ),
        ('bad_date:' ~ day, day ~ ' is null and ' ~ text ~ ' is not null'),
    ]) }}
{%- endmacro %}


{# Properties that say when a deal entered a stage: the stage's id is the end of their name (formats 2.3). #}
{% macro said_stage_entries(properties) -%}
    list_filter(
        list_transform(
            list_filter(
                json_keys({{ properties }}),
                lambda name: regexp_matches(name, '^hs_(v2_)?date_entered_.')
            ),
            lambda name: {
                'stage_key': regexp_replace(name, '^hs_(v2_)?date_entered_', ''),
                'said': nullif(trim(json_extract_string({{ properties }}, '$."' || name || '"')), '')
            }
        ),
        lambda entry: entry.said is not null
    )
{%- endmacro %}


{% macro stage_entries(said_entries, system) -%}
    {%- set zones = time_zones(source('kura', 'sources'), system) if execute else [] -%}
    list_sort(list_distinct(list_transform(
        {{ said_entries }},
        lambda entry: {
            'stage_key': entry.stage_key,
            'entered_at': {{ instant('entry.said', zones) }}
        }
    )))
{%- endmacro %}
