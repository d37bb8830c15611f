-- one row per value sources.yml translates
{{ fact_of_the_run('value_maps') }}
