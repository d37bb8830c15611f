-- one row per source of sources.yml
{{ fact_of_the_run('sources') }}
