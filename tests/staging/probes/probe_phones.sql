-- one row per number, as the macros read it
select
    number,
    repair,
    bare,
    {{ phone('number', "'JP'", 'repair', 'bare') }} as said,
    {{ phone_e164('number', "'JP'", 'repair', 'bare') }} as e164,
    {{ is_special_number(phone_e164('number', "'JP'", 'repair', 'bare')) }} as is_special
from numbers
