-- one row per type of touch that is a hand-raise
{{ fact_of_the_run('hand_raise_events') }}
