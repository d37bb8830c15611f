-- one row per row of fct_nurture in the previous release
{{ fact_of_the_run('previous_nurture') }}
