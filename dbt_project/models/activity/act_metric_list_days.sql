-- one row per date and call list: every additive measure of calls
-- depends_on: {{ ref('fct_calls') }}
with

settings as (

    select * from {{ ref('act_settings') }}

)
{% if execute %}
{% set scans = [] %}
{% for scan in measure_scans() if 'call_list' in scan.dimensions %}{% do scans.append(scan) %}{% endfor %}
,

{{ joined_scans(scans, {'call_list': missing_names()['call_list']}) }}

select * from joined
{% else %}
select * from settings
{% endif %}
