-- one row per date, rep, team, business unit, motion, channel and campaign: every additive measure
-- depends_on: {{ ref('fct_calls') }}
-- depends_on: {{ ref('fct_emails') }}
-- depends_on: {{ ref('fct_meetings') }}
-- depends_on: {{ ref('fct_opportunities') }}
-- depends_on: {{ ref('fct_leads') }}
-- depends_on: {{ ref('fct_nurture') }}
-- depends_on: {{ ref('fct_hand_raises') }}
-- depends_on: {{ ref('fct_approaches') }}
-- depends_on: {{ ref('fct_rep_days') }}
with

settings as (

    select * from {{ ref('act_settings') }}

)
{% if execute %}
,

{{ joined_scans(measure_scans(), day_dimensions()) }}

select * from joined
{% else %}
select * from settings
{% endif %}
