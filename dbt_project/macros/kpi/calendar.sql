{# How days are cut into periods. Every result is cast to DATE: DuckDB's date_trunc gives a TIMESTAMP. #}

{# The first day of the week a date lies in; weeks start on `starts_on` (1 = Monday … 7 = Sunday). #}
{% macro week_start(date, starts_on) -%}
    cast({{ date }} - cast((extract('isodow' from {{ date }}) - {{ starts_on }} + 7) % 7 as integer) as date)
{%- endmacro %}

{% macro month_start(date) -%}
    cast(date_trunc('month', {{ date }}) as date)
{%- endmacro %}

{# The first day of the fiscal quarter (`months` = 3) or fiscal year (`months` = 12). #}
{% macro fiscal_start(date, start_month, months) -%}
    cast(
        date_trunc('month', {{ date }})
        - to_months(
            cast((extract('month' from {{ date }}) - {{ start_month }} + 12) % {{ months }} as integer)
        ) as date
    )
{%- endmacro %}

{# The date `months` months later (earlier if negative). Written for first days of a month, which always exist. #}
{% macro add_months(date, months) -%}
    cast({{ date }} + to_months({{ months }}) as date)
{%- endmacro %}

{# One row per date, `date_day`, both ends included. #}
{% macro days_between(first, last) -%}
    select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as date
{%- endmacro %}
