-- one row per house
{{ fact_of_the_run('settings') }}
