{#
    A fact ingestion wrote about the run, as it stands. A view: raw_kura is written anew every night,
    so there is nothing to keep and nothing to cast.
#}
{% macro fact_of_the_run(table) %}
{{- config(materialized='view') -}}
with source as (

    select * from {{ source('kura', table) }}

),

renamed as (

    select * from source

)

select * from renamed
{% endmacro %}
