{# How long the outcomes known so far took, by what a cohort waits for, from CTEs `meetings` (fct_meetings)
   and `opportunities` (fct_opportunities). #}
{% macro outcome_waits() -%}
    select 'decision' as maturity, days_to_decision as days
    from meetings
    where is_acquired and days_to_decision is not null

    union all

    select 'held' as maturity, last_scheduled_on - booked_on as days
    from meetings
    where is_outcome_known_of_cohort

    union all

    select 'win' as maturity, days_to_close as days
    from opportunities
    where is_sourced and days_to_close is not null
{%- endmacro %}
