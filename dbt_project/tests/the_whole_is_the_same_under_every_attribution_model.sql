-- one row per cohort month and column of the lead cohorts whose sum depends on who gets the credit
{%- set columns = [] %}
{%- for group, names in {
    'reached': ['mql', 'worked', 'connected', 'meeting', 'accepted', 'opportunity', 'won', 'lost'],
    'observed': ['mql', 'worked', 'connected', 'meeting', 'accepted', 'opportunity', 'won', 'lost'],
    'state': [
        'lead', 'nurturing', 'worked', 'connected', 'meeting', 'accepted', 'opportunity', 'won', 'lost'
    ],
}.items() %}{% for name in names %}{% do columns.append(group ~ '_' ~ name) %}{% endfor %}{% endfor %}
{%- set columns = [
    'leads', 'lead_records', 'still_open', 'opportunities', 'pipeline_yen', 'won_yen', 'cost_yen'
] + columns %}
with

conversion as (

    select * from {{ ref('kpi_channel_conversion') }}

),

told as (

    unpivot (
        select
            cohort_month,
            attribution_model,
            {% for column in columns -%}
            coalesce({{ column }}, 0) as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from conversion
    )
    on {{ columns | join(', ') }}
    into name measure value value

),

-- credits are added as they are: nothing is rounded, so nothing may be missing in the last digit
sums as (

    select
        cohort_month,
        attribution_model,
        measure,
        case
            when ends_with(measure, '_yen') then cast(sum(cast(value as decimal(38, 4))) as double)
            else sum(value)
        end as value
    from told
    group by cohort_month, attribution_model, measure

),

wrong as (

    select
        cohort_month,
        measure
    from sums
    group by cohort_month, measure
    having count(distinct value) != 1 or count(*) != 3

)

select * from wrong
