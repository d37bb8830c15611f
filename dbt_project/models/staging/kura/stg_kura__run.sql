-- one row per night
{{ fact_of_the_run('run') }}
