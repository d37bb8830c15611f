-- one row per text, as the macros read it
select
    said,
    {{ match_key('said') }} as match_key,
    {{ normalise_email('said') }} as email,
    {{ is_role_email(normalise_email('said')) }} as is_role,
    {{ email_domain(normalise_email('said')) }} as domain,
    {{ salesforce_id_18('said') }} as id_18
from texts
