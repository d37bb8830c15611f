-- one row per lead status that means a step
{{ fact_of_the_run('lead_status_steps') }}
