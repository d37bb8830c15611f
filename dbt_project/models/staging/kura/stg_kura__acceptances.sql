-- one row per acceptance ever recorded
{{ fact_of_the_run('acceptances') }}
