-- one row, or none before the first release
{{ fact_of_the_run('previous_releases') }}
