-- one row per user key that sources.yml gives an address
{{ fact_of_the_run('user_map') }}
