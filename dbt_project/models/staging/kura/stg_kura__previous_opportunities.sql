-- one row per row of fct_opportunities in the previous release
{{ fact_of_the_run('previous_opportunities') }}
