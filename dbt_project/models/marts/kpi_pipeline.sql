-- one row per opportunity and local date it was open, and for the day it closed
with

spans as (

    select * from {{ ref('act_opportunity_spans') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

-- all that does not change from day to day is joined before the days are made
described as (

    select
        spans.*,
        opportunities.is_sourced,
        opportunities.rep_id,
        opportunities.team,
        opportunities.business_unit,
        opportunities.motion,
        opportunities.channel,
        opportunities.deal_type
    from spans
    inner join opportunities on spans.opportunity_id = opportunities.opportunity_id

),

days as (

    select
        *,
        unnest(range(0, span_until - span_from)) as day
    from described

),

dated as (

    select
        *,
        cast(span_from + cast(day as integer) as date) as date,
        day = 0 as is_first_day
    from days

),

final as (

    select
        -- ids
        opportunity_id,
        date,
        rep_id,
        team,
        business_unit,
        motion,

        -- text
        channel,
        deal_type,
        state,
        stage,

        -- measures
        stage_sort_order,
        cast(probability as double) as probability,
        cast(amount_yen as double) as amount_yen,
        cast(greatest(date - created_on, 0) as bigint) as age_days,
        cast(date - stage_since as bigint) as days_in_stage,

        -- flags
        is_sourced,
        state = 'open' as is_open,
        state = 'won' and not is_taken_back as is_won,
        state = 'lost' and not is_taken_back as is_lost,
        is_taken_back,
        is_stage_known,
        is_stage_start_known,
        is_amount_known,
        is_amount_missing,
        is_amount_unconverted,
        coalesce(state = 'open' and close_on < date, false) as is_overdue,

        -- moves of the day
        has_entered and is_first_day as has_entered,
        has_left and is_first_day as has_left,
        is_reopened and is_first_day as is_reopened,
        case when is_first_day then stage_move end as stage_move,
        case when is_first_day then from_stage end as from_stage,
        cast(
            case when is_first_day then amount_change_yen when is_amount_known then 0 end as double
        ) as amount_change_yen,
        cast(
            case when is_first_day then close_moved_days when close_on is not null then 0 end as bigint
        ) as close_moved_days,

        -- times
        close_on
    from dated

)

select * from final
