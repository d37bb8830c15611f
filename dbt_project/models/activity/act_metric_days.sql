-- one row per date, rep, team, business unit, motion, channel and campaign: every additive measure
-- depends_on: {{ ref('fct_calls') }}
-- depends_on: {{ ref('fct_emails') }}
-- depends_on: {{ ref('fct_meetings') }}
-- depends_on: {{ ref('fct_opportunities') }}
-- depends_on: {{ ref('fct_leads') }}
-- depends_on: {{ ref('fct_nurture') }}
-- depends_on: {{ ref('act_approaches') }}
-- depends_on: {{ ref('act_rep_days') }}
{% set keys = ['date'] + missing_names().keys() | list %}
with

settings as (

    select * from {{ ref('act_settings') }}

)
{% if execute %}
{% set scans = measure_scans() %}
{% for scan in scans %}
,

{{ scan.name }} as (

    {{ scanned(scan, '(select as_of_date from settings)') | indent(4) }}

)
{% endfor %}
,

days as (

    {% for scan in scans %}
    select {{ keys | join(', ') }} from {{ scan.name }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

-- each measure comes from one scan: joined, not added up, because 65 sums cost more than ten joins
joined as (

    select
        {% for key in keys %}
        days.{{ key }},
        {% endfor %}
        {% for measure in catalogue_measures() if measure.is_additive %}
        cast({{ exact(measure, 'coalesce(' ~ measure.name ~ ', 0)') }} as {{ measure.type }})
            as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from days
    {% for scan in scans %}
    left join {{ scan.name }}
        on
            {% for key in keys %}
            {{ 'and ' if not loop.first }}days.{{ key }} is not distinct from {{ scan.name }}.{{ key }}
            {% endfor %}
    {% endfor %}

)

select * from joined
{% else %}
select * from settings
{% endif %}
