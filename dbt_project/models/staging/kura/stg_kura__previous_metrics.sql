-- one row per metric of the previous release
{{ fact_of_the_run('previous_metrics') }}
