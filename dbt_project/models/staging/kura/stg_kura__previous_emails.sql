-- one row per row of fct_emails in the previous release
{{ fact_of_the_run('previous_emails') }}
