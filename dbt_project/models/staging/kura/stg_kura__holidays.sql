-- one row per public holiday of Japan
{{ fact_of_the_run('holidays') }}
