-- one row per row of fct_meetings in the previous release
{{ fact_of_the_run('previous_meetings') }}
