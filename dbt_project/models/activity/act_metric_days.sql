-- one row per date, rep, team, business unit, motion, channel and campaign: every additive measure
-- depends_on: {{ ref('fct_calls') }}
-- depends_on: {{ ref('fct_emails') }}
-- depends_on: {{ ref('fct_meetings') }}
-- depends_on: {{ ref('fct_opportunities') }}
-- depends_on: {{ ref('act_approaches') }}
-- depends_on: {{ ref('act_rep_days') }}
{% set dimensions = missing_names().keys() | list %}
with

settings as (

    select * from {{ ref('act_settings') }}

)
{% if execute %}
,

scanned as (

    {{ additive_measures_by_day('(select as_of_date from settings)') }}

),

united as (

    select
        date,
        {% for dimension in dimensions %}
        {{ dimension }},
        {% endfor %}
        {% for measure in catalogue_measures() if measure.is_additive %}
        cast(coalesce(sum(
            {{ 'cast(' ~ measure.name ~ ' as decimal(18, 4))' if measure.type == 'double' else measure.name }}
        ), 0) as {{ measure.type }}) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from scanned
    group by date, {{ dimensions | join(', ') }}

)

select * from united
{% else %}
select * from settings
{% endif %}
