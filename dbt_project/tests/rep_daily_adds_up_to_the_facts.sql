-- one row per count whose sum over kpi_rep_daily is not what the fact tables hold
with

settings as (

    select * from {{ ref('act_settings') }}

),

calls as (

    select * from {{ ref('fct_calls') }}
    where called_on <= (select as_of_date from settings)

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

-- Written out by hand: the catalogue is what is under test.
expected as (

    select 'dials' as name, count(*) as value
    from calls
    where is_dial

    union all

    select 'connects' as name, count(*) as value
    from calls
    where is_dial and is_connect

    union all

    select 'inbound_connects' as name, count(*) as value
    from calls
    where is_inbound_connect

    union all

    select 'emails_sent' as name, count(*) as value
    from {{ ref('fct_emails') }}
    where sent_on <= (select as_of_date from settings)

    union all

    select 'meetings_booked' as name, count(*) as value
    from meetings
    where is_booked and booked_on <= (select as_of_date from settings)

    union all

    select 'meetings_held' as name, count(*) as value
    from meetings
    where is_held and meeting_on <= (select as_of_date from settings)

    union all

    select 'opportunities_created' as name, count(*) as value
    from opportunities
    where is_sourced and created_on <= (select as_of_date from settings)

    union all

    select 'wins' as name, count(*) as value
    from opportunities
    where is_sourced and is_won and won_on <= (select as_of_date from settings)

),

observed as (

    {% for name in [
        'dials', 'connects', 'inbound_connects', 'emails_sent', 'meetings_booked', 'meetings_held',
        'opportunities_created', 'wins',
    ] %}
    select '{{ name }}' as name, coalesce(sum({{ name }}), 0) as value
    from {{ ref('kpi_rep_daily') }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    expected.name,
    expected.value as expected_value,
    observed.value as observed_value
from expected
inner join observed on expected.name = observed.name
where expected.value != observed.value
