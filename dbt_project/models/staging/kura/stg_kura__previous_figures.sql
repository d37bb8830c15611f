-- one row per period, scope and metric of the previous release
{{ fact_of_the_run('previous_figures') }}
