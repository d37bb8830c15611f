-- one row per e-mail domain of the company
{{ fact_of_the_run('internal_domains') }}
