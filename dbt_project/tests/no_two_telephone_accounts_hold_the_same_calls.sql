-- Feeds taken for two accounts are not chosen between: every call would count twice. A number
-- called in the same minute by two accounts is chance; most calls of an account are not.
with

legs as (

    select * from {{ ref('act_call_legs') }}

),

accounts as (

    select cti_account
    from legs
    group by cti_account

),

calls as (

    select
        cti_account,
        started_on,
        customer_e164,
        date_trunc('minute', started_at) as started_minute,
    from legs
    where
        customer_e164 is not null
        and (select count(*) from accounts) > 1
    group by all

),

shared_days as (

    select started_on
    from calls
    group by started_on
    having count(distinct cti_account) > 1

),

compared as (

    select calls.*
    from calls
    semi join shared_days
        on calls.started_on = shared_days.started_on

),

common as (

    select
        one.cti_account,
        other.cti_account as other_account,
        count(*) as common_calls,
    from compared as one
    inner join compared as other
        on
            one.customer_e164 = other.customer_e164
            and one.started_minute = other.started_minute
            and one.cti_account < other.cti_account
    group by one.cti_account, other.cti_account

),

account_days as (

    select
        cti_account,
        started_on,
        count(*) as calls,
    from compared
    group by cti_account, started_on

),

-- an account is judged on the days on which both have calls
sizes as (

    select
        one.cti_account,
        other.cti_account as other_account,
        least(sum(one.calls), sum(other.calls)) as smaller_calls,
    from account_days as one
    inner join account_days as other
        on
            one.started_on = other.started_on
            and one.cti_account < other.cti_account
    group by one.cti_account, other.cti_account

)

select
    common.cti_account,
    common.other_account,
    common.common_calls,
    sizes.smaller_calls,
from common
inner join sizes
    on
        common.cti_account = sizes.cti_account
        and common.other_account = sizes.other_account
where
    common.common_calls > 0.5 * sizes.smaller_calls
    -- one call alone is no proof
    and common.common_calls > 1
