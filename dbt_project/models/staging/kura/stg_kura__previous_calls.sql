-- one row per row of fct_calls in the previous release
{{ fact_of_the_run('previous_calls') }}
