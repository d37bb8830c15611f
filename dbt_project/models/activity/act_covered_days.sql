-- one row per set of needs and local date up to the as-of date: whether the whole company has them
with

settings as (

    select * from {{ ref('act_settings') }}

),

need_days as (

    select * from {{ ref('act_need_days') }}

),

callers as (

    select
        date,
        bool_or(has_cti) as has_cti_callers,
        bool_or(not has_cti) as has_crm_callers
    from {{ ref('act_rep_days') }}
    group by date

),

known_callers as (

    select
        need_days.date,
        coalesce(callers.has_cti_callers, true) as has_cti_callers,
        coalesce(callers.has_crm_callers, false) as has_crm_callers
    from need_days
    inner join settings on need_days.date <= settings.as_of_date
    left join callers on need_days.date = callers.date

),

met_needs as (

    select
        known_callers.date,
        {{ are_calls_there(
            'need_days', 'known_callers.has_cti_callers', 'known_callers.has_crm_callers'
        ) | indent(8) }} as is_cti_met,
        {%- for need in all_needs() if need != 'cti' %}
        coalesce(need_days.is_{{ need }}_met, false) as is_{{ need }}_met{{ ',' if not loop.last }}
        {%- endfor %}
    from known_callers
    inner join need_days on known_callers.date = need_days.date

)
{% if execute %}
{% set combinations = catalogue_metrics() | map(attribute='needs') | unique | sort | list %}
,

covered as (

    {% for needs in combinations %}
    select
        '{{ needs }}' as needs,
        date,
        {{ 'true' if needs == 'nothing' else 'is_' ~ needs.split('+') | join('_met and is_') ~ '_met' }}
            as is_covered
    from met_needs
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from covered
{% else %}
select * from met_needs
{% endif %}
