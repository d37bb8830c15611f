-- one row per table of the previous release that is compared
{{ fact_of_the_run('previous_tables') }}
