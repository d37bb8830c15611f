-- one row per line or extension of the company
{{ fact_of_the_run('own_numbers') }}
