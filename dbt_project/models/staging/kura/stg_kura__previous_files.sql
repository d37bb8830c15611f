-- one row per file of the previous release
{{ fact_of_the_run('previous_files') }}
