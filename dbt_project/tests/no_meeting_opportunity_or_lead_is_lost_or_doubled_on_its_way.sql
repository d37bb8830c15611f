-- one row per step on the way to the marts that changes the number of rows
with

counted as (

    select
        'events to fct_meetings' as step,
        (select count(*) from {{ ref('act_meeting_events') }}) as rows_before,
        (select count(*) from {{ ref('fct_meetings') }}) as rows_after

    union all

    select
        'external events to episodes' as step,
        (
            select count(*)
            from {{ ref('act_meeting_events') }}
            where party_reason is null
        ) as rows_before,
        (select count(*) from {{ ref('act_meeting_episodes') }}) as rows_after

    union all

    select
        'meetings to their bookings' as step,
        (select count(*) from {{ ref('act_meetings') }}) as rows_before,
        (select count(*) from {{ ref('fct_meetings') }}
where is_booked) as rows_after

    union all

    select
        'states to fct_opportunities' as step,
        (select count(*) from {{ ref('act_opportunity_states') }}) as rows_before,
        (select count(*) from {{ ref('fct_opportunities') }}) as rows_after

    union all

    {% for model in ['first_touch', 'last_touch', 'linear'] -%}
    select
        'leads to cohorts, {{ model }}' as step,
        (select count(*) from {{ ref('act_person_channels') }}
where is_lead) as rows_before,
        (select sum(leads) from {{ ref('kpi_channel_conversion') }}
where attribution_model = '{{ model }}') as rows_after

    union all

    {% endfor -%}
    select
        'leads to fct_leads' as step,
        (select count(*) from {{ ref('act_person_channels') }}
where is_lead) as rows_before,
        (select count(*) from {{ ref('fct_leads') }}) as rows_after

    union all

    select
        'nurturing to fct_nurture' as step,
        (select count(*) from {{ ref('act_marketing_emails') }})
        + (select count(*) from {{ ref('act_seminar_registrations') }})
        + (select count(*) from {{ ref('act_lead_handovers') }})
        + (select count(*) from {{ ref('act_lead_returns') }}) as rows_before,
        (select count(*) from {{ ref('fct_nurture') }}) as rows_after

    union all

    select
        'fct_nurture to kpi_nurture' as step,
        (
            select count(*)
            from {{ ref('fct_nurture') }}
            where is_sent or is_registered or is_handed_over or is_returned
        ) as rows_before,
        (
            select
                sum(coalesce(emails_sent, 0))
                + sum(coalesce(registered, 0))
                + sum(coalesce(leads, 0))
            from {{ ref('kpi_nurture') }}
        ) as rows_after

),

wrong as (

    select *
    from counted
    where rows_before is distinct from coalesce(rows_after, 0)

)

select * from wrong
