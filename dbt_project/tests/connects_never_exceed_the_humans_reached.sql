-- A connect is a human reached, a human reached is an answer, and every connect has its basis.
select call_id
from {{ ref('fct_calls') }}
where
    (is_connect and not is_human_reached)
    or (is_human_reached and not is_answered)
    or (is_connect and connect_basis = 'none')
    or (is_connect and is_unidentified_party)
    or (connect_basis in ('speech', 'duration') and match_level <> 'person')
