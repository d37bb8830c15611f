-- one row per reading that was judged and is current
{{ fact_of_the_run('files') }}
