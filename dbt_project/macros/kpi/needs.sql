{# What a figure may need (metrics: `needs`), in one place. A metric names needs; which of them a day
   meets is said by act_need_days, except for calls, where it depends on who could call. #}

{# Needs that are exports, with the objects that bring them. Feeds of calls stand in for each other; of
   other needs every object that is delivered counts. #}
{% macro export_needs() -%}
    {{ return({
        'cti': ['webhook_legs', 'history_legs', 'call_legs'],
        'sfa_tasks': ['tasks', 'calls'],
        'sfa_emails': ['tasks', 'emails'],
        'sfa_events': ['events', 'meetings'],
        'sfa_opportunities': ['opportunities', 'deals'],
        'people': ['leads', 'contacts'],
        'marketing_emails': ['email_events', 'marketing_activities'],
        'seminars': ['event_participations', 'marketing_activities'],
        'hand_raises': hand_raise_objects().values() | sum(start=[]) | unique | list,
    }) }}
{%- endmacro %}

{# What a prospect may do to be called back at once, with the objects that tell of it. Which of them a
   company counts is a setting: act_hand_raise_events. #}
{% macro hand_raise_objects() %}
    {{ return({
        'form_submitted': ['form_submissions', 'marketing_activities'],
        'email_clicked': ['email_events', 'marketing_activities'],
        'event_registered': ['event_participations', 'marketing_activities'],
        'event_attended': ['event_participations', 'marketing_activities'],
        'webinar_registered': ['event_participations', 'marketing_activities'],
        'webinar_attended': ['event_participations', 'marketing_activities'],
        'asset_viewed': ['marketing_activities'],
        'campaign_joined': ['campaign_members'],
        'lead_created': ['leads', 'contacts'],
    }) }}
{%- endmacro %}

{# Needs that hold for every day or none, and what depends on a setting. #}
{% macro other_needs() -%}
    {{ return(['known_day', 'meeting_outcome', 'shodan_event', 'acceptance', 'title_map', 'target_list']) }}
{%- endmacro %}

{% macro all_needs() -%}
    {{ return(export_needs().keys() | list + other_needs()) }}
{%- endmacro %}

{# A need an object's rows serve, the first of several; null for none. #}
{% macro need_of_object(object_name) -%}
    case
        {% for need, objects in export_needs().items() %}
        when {{ object_name }} in ('{{ objects | join("', '") }}') then '{{ need }}'
        {% endfor %}
    end
{%- endmacro %}

{# Every need with every object that serves it, as SQL of (need, object_name): Tasks are calls and mails. #}
{% macro needs_of_objects() -%}
    {%- for need, objects in export_needs().items() -%}
    {%- set last_need = loop.last -%}
    {%- for object in objects %}
    select
        '{{ need }}' as need,
        '{{ object }}' as object_name
    {%- if not (last_need and loop.last) %}
    union all
    {%- endif %}
    {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{# Calls of people without CTI are the CRM's (sfa_tasks). Where nobody ever exported those, they are missed
   only in scopes nobody of which has CTI. #}
{% macro are_calls_there(need_days, has_cti_callers, has_crm_callers) -%}
    (
        (coalesce({{ need_days }}.is_cti_met, false) or not {{ has_cti_callers }})
        and (
            coalesce({{ need_days }}.is_sfa_tasks_met, false)
            or not {{ has_crm_callers }}
            or (
                {{ has_cti_callers }}
                and not coalesce({{ need_days }}.are_tasks_delivered, false)
            )
        )
    )
{%- endmacro %}

{# The scopes people belong to. #}
{% macro member_scopes() -%}
    {{ return(['business_unit', 'team', 'rep', 'motion']) }}
{%- endmacro %}

{# Who could call that day, and through what, by scope: people without CTI are counted from the CRM.
   `rep_days` is a relation like act_rep_days. #}
{% macro callers_by_scope(rep_days) %}
    select
        date,
        'company' as scope_type,
        'company' as scope_key,
        bool_or(has_cti) as has_cti_callers,
        bool_or(not has_cti) as has_crm_callers
    from {{ rep_days }}
    group by date

    {% for scope in member_scopes() %}
    {% set column = scope_columns()[scope][0] %}
    union all

    select
        date,
        '{{ scope }}' as scope_type,
        coalesce({{ column }}, '{{ missing_names()[column] }}') as scope_key,
        bool_or(has_cti) as has_cti_callers,
        bool_or(not has_cti) as has_crm_callers
    from {{ rep_days }}
    group by date, coalesce({{ column }}, '{{ missing_names()[column] }}')
    {% endfor %}
{% endmacro %}
