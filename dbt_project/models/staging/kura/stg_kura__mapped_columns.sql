-- one row per canonical column a mapped source fills
{{ fact_of_the_run('mapped_columns') }}
