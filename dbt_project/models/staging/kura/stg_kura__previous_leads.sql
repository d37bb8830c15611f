-- one row per row of fct_leads in the previous release
{{ fact_of_the_run('previous_leads') }}
