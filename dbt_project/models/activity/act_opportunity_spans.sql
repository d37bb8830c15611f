-- one row per opportunity and stretch of days in which nothing of it changed; a closing is one day
with

settings as (

    select * from {{ ref('act_settings') }}

),

opportunities as (

    select * from {{ ref('act_opportunity_states') }}

),

history as (

    select * from {{ ref('act_opportunity_history') }}

),

-- a state that only stands in for none says nothing of any day
entries as (

    select
        history.opportunity_id,
        history.entry_number,
        history.recorded_on,
        history.stage,
        history.stage_sort_order,
        history.probability,
        history.close_date,
        last_value(
            case when coalesce(history.is_amount_told, true) then { 'amount': history.amount } end
            ignore nulls
        ) over (
            partition by history.opportunity_id
            order by history.entry_number
            rows between unbounded preceding and current row
        ) as told_amount,
        case
            when history.is_closed and not history.is_won then 'lost'
            when history.is_won then 'won'
            when not coalesce(history.is_state_told, true) then 'unknown'
            else 'open'
        end as outcome,
        -- what was recorded later for an earlier day stands from that day on
        min(history.recorded_on) over later as superseded_on
    from history
    where history.is_recorded
    window later as (
        partition by history.opportunity_id
        order by history.entry_number
        rows between 1 following and unbounded following
    )

),

turns as (

    select
        *,
        coalesce(
            outcome != lag(outcome) over (partition by opportunity_id order by entry_number), true
        ) as is_turn
    from entries

),

numbered as (

    select
        *,
        count(*) filter (where is_turn) over (
            partition by opportunity_id
            order by entry_number
            rows between unbounded preceding and current row
        ) as run_number
    from turns

),

-- entries of one outcome in a row; the last run is what the opportunity came to
runs as (

    select
        *,
        run_number = max(run_number) over (partition by opportunity_id) as is_last_run,
        min(recorded_on) over run as run_from,
        arg_max(coalesce(close_date, recorded_on), entry_number) over run as run_close_on,
        entry_number = max(entry_number) over (partition by opportunity_id) as is_last_entry
    from numbered
    window run as (partition by opportunity_id, run_number)

),

recorded as (

    select
        runs.* exclude (told_amount),
        runs.told_amount is not null as is_amount_known,
        runs.told_amount.amount,
        opportunities.created_on,
        opportunities.is_won,
        opportunities.is_lost,
        opportunities.close_on,
        opportunities.closed_on,
        opportunities.open_until,
        greatest(runs.recorded_on, opportunities.created_on) as span_from,
        -- the days of what is over end where the dictionary says it was over
        least(
            coalesce(runs.superseded_on, settings.as_of_date + 1),
            case
                when opportunities.is_won or opportunities.is_lost then opportunities.open_until
                else settings.as_of_date + 1
            end
        ) as span_until
    from runs
    inner join opportunities on runs.opportunity_id = opportunities.opportunity_id
    cross join settings

),

-- a win is one from its close date on; what was taken back later is known by its record alone
judged as (

    select
        *,
        case
            when outcome = 'won' and is_last_run then span_until
            when outcome = 'won' then least(greatest(span_from, run_from, run_close_on), span_until)
            when outcome = 'open' then span_until
            else span_from
        end as closes_on
    from recorded
    where span_from < span_until

),

first_days as (

    select
        opportunity_id,
        min(span_from) as known_from
    from recorded
    group by opportunity_id

),

pieces as (

    select
        opportunity_id,
        span_from,
        closes_on as span_until,
        'open' as state,
        true as is_stage_known,
        stage,
        stage_sort_order,
        probability,
        is_amount_known,
        amount,
        close_date as close_on,
        false as is_taken_back,
        false as is_final
    from judged
    where span_from < closes_on

    union all

    select
        opportunity_id,
        closes_on as span_from,
        span_until,
        outcome as state,
        true as is_stage_known,
        stage,
        stage_sort_order,
        probability,
        is_amount_known,
        amount,
        close_date as close_on,
        outcome in ('won', 'lost') as is_taken_back,
        false as is_final
    from judged
    where closes_on < span_until

    union all

    -- created, but nothing of that time was recorded
    select
        opportunities.opportunity_id,
        opportunities.created_on as span_from,
        least(
            coalesce(first_days.known_from, settings.as_of_date + 1),
            case
                when opportunities.is_won or opportunities.is_lost then opportunities.open_until
                else settings.as_of_date + 1
            end
        ) as span_until,
        'open' as state,
        false as is_stage_known,
        cast(null as varchar) as stage,
        cast(null as bigint) as stage_sort_order,
        cast(null as double) as probability,
        false as is_amount_known,
        cast(null as double) as amount,
        cast(null as date) as close_on,
        false as is_taken_back,
        false as is_final
    from opportunities
    left join first_days on opportunities.opportunity_id = first_days.opportunity_id
    cross join settings
    where
        opportunities.created_on < least(
            coalesce(first_days.known_from, settings.as_of_date + 1),
            case
                when opportunities.is_won or opportunities.is_lost then opportunities.open_until
                else settings.as_of_date + 1
            end
        )

    union all

    select
        opportunity_id,
        closed_on as span_from,
        closed_on + 1 as span_until,
        outcome as state,
        true as is_stage_known,
        stage,
        stage_sort_order,
        probability,
        is_amount_known,
        amount,
        close_on,
        false as is_taken_back,
        true as is_final
    from recorded
    where
        is_last_entry
        and closed_on is not null

    union all

    -- a loss counts on its close date, but leaves the pipeline when it is recorded
    select
        opportunity_id,
        open_until as span_from,
        open_until + 1 as span_until,
        'lost_ahead' as state,
        true as is_stage_known,
        stage,
        stage_sort_order,
        probability,
        is_amount_known,
        amount,
        close_on,
        false as is_taken_back,
        true as is_final
    from recorded
    where
        is_last_entry
        and is_lost
        and open_until < coalesce(closed_on, close_on)

),

compared as (

    select
        *,
        lag(state) over so_far as previous_state,
        lag(is_stage_known) over so_far as was_stage_known,
        lag(stage) over so_far as previous_stage,
        lag(stage_sort_order) over so_far as previous_sort_order,
        lag(is_amount_known) over so_far as was_amount_known,
        lag(amount) over so_far as previous_amount,
        lag(close_on) over so_far as previous_close_on
    from pieces
    window so_far as (partition by opportunity_id order by span_from)

),

begun as (

    select
        *,
        state is distinct from previous_state
        or is_stage_known is distinct from was_stage_known
        or stage is distinct from previous_stage as is_stage_begun
    from compared

),

staged as (

    select
        *,
        max(case when is_stage_begun then span_from end) over so_far as stage_since,
        -- the first stage anybody saw may have been entered on any day before
        last_value(
            case when is_stage_begun then is_stage_known and coalesce(was_stage_known, true) end
            ignore nulls
        ) over so_far as is_stage_start_known
    from begun
    window so_far as (
        partition by opportunity_id
        order by span_from
        rows between unbounded preceding and current row
    )

),

final as (

    select
        staged.opportunity_id,
        staged.span_from,
        case when staged.state = 'open' then staged.span_until else staged.span_from + 1 end
            as span_until,
        opportunities.created_on,
        staged.state,
        staged.stage,
        staged.stage_sort_order,
        staged.probability,
        staged.is_stage_known,
        staged.amount * opportunities.yen_per_unit as amount_yen,
        staged.is_amount_known,
        staged.is_amount_known and staged.amount is null as is_amount_missing,
        staged.amount is not null and opportunities.yen_per_unit is null as is_amount_unconverted,
        case when staged.is_stage_known then staged.stage_since end as stage_since,
        staged.is_stage_start_known,
        staged.close_on,
        staged.state = 'open' and coalesce(staged.previous_state != 'open', true) as has_entered,
        staged.state != 'open' and coalesce(staged.previous_state = 'open', false) as has_left,
        staged.state = 'open' and coalesce(staged.previous_state in ('won', 'lost', 'lost_ahead'), false)
            as is_reopened,
        staged.is_taken_back,
        case
            when
                staged.state = 'open'
                and staged.previous_state = 'open'
                and staged.was_stage_known
                and staged.stage is distinct from staged.previous_stage
                then
                    case
                        when staged.stage_sort_order > staged.previous_sort_order then 'advanced'
                        when staged.stage_sort_order < staged.previous_sort_order then 'went_back'
                        else 'changed'
                    end
        end as stage_move,
        case
            when staged.is_stage_begun and staged.was_stage_known then staged.previous_stage
        end as from_stage,
        -- what is not there adds nothing before and after
        case
            when staged.is_amount_known and staged.was_amount_known
                then
                    coalesce(staged.amount * opportunities.yen_per_unit, 0)
                    - coalesce(staged.previous_amount * opportunities.yen_per_unit, 0)
        end as amount_change_yen,
        case
            when staged.state = 'open' and staged.previous_state = 'open'
                then staged.close_on - staged.previous_close_on
        end as close_moved_days
    from staged
    inner join opportunities on staged.opportunity_id = opportunities.opportunity_id
    where
        staged.state = 'open'
        or staged.is_final
        or staged.state is distinct from staged.previous_state

)

select * from final
