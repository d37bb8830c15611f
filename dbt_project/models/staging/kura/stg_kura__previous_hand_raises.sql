-- one row per row of fct_hand_raises in the previous release
{{ fact_of_the_run('previous_hand_raises') }}
