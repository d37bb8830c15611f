-- one row per opening of a business day for which planning names none
{{ fact_of_the_run('default_working_hours') }}
