{# How far a figure can be trusted: one precedence for every published table (dictionary 0.2, 0.6). #}
{% macro figure_status(covered_days, uncovered_days, is_maturing, is_small_sample) -%}
    case
        when {{ covered_days }} = 0 then 'unavailable'
        when {{ uncovered_days }} > 0 then 'partial'
        when {{ is_maturing }} then 'maturing'
        when {{ is_small_sample }} then 'small_sample'
        else 'ok'
    end
{%- endmacro %}

{# Per `maturity`, the smallest number of days within which a share of the outcomes was known: the set one,
   unless another is named. `waits` is a CTE of maturity and days; a CTE `settings` stands beside it. #}
{% macro days_to_maturity(waits, share='settings.maturity_percentile') -%}
    select
        ranked.maturity,
        min(ranked.days) as days_to_maturity
    from (
        select
            maturity,
            days,
            row_number() over (partition by maturity order by days) as place,
            count(*) over (partition by maturity) as outcomes
        from {{ waits }}
    ) as ranked
    cross join settings
    where ranked.place >= {{ share }} * ranked.outcomes
    group by ranked.maturity
{%- endmacro %}

{# How long the outcomes known so far took, by what a cohort waits for: rows of maturity and days, from
   CTEs `meetings`, `opportunities` and `leads` of the fact tables. #}
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

    union all

    select 'lead' as maturity, days_to_outcome as days
    from leads
    where days_to_outcome is not null
{%- endmacro %}
