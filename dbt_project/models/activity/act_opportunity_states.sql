-- one row per opportunity created by the as-of date and not deleted, as it stands on that date
with

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

opportunity_versions as (

    select * from {{ ref('act_opportunities_versions') }}

),

history as (

    select * from {{ ref('act_opportunity_history') }}

),

account_ids as (

    select * from {{ ref('act_account_ids') }}

),

rates as (

    select * from {{ ref('act_currency_rates') }}

),

opportunities as (

    select
        {{ record_key('opportunity_versions.record_system', 'opportunity_id') }}
            as opportunity_id,
        opportunity_versions.* exclude (opportunity_id),
        {{ reporting_date('opportunity_versions.created_at') }}
            as created_on,
        upper(
            coalesce(
                opportunity_versions.currency,
                sources.default_currency,
                settings.default_currency
            )
        ) as currency_code,
        settings.as_of_date
    from opportunity_versions
    left join sources on opportunity_versions.source_id = sources.source_id
    cross join settings
    where
        opportunity_versions.is_current
        and not coalesce(opportunity_versions.is_deleted, false)

),

priced as (

    select
        opportunities.*,
        case
            when opportunities.currency_code = 'JPY' then 1
            else rates.rate
        end as yen_per_unit
    from opportunities
    asof left join rates
        on opportunities.currency_code = rates.currency
        and opportunities.created_on >= rates.valid_from
    where opportunities.created_on <= opportunities.as_of_date

),

first_amounts as (

    select
        opportunity_id,
        amount,
        recorded_on,
        is_recorded
    from history
    where coalesce(is_amount_told, true)
    qualify row_number() over (partition by opportunity_id order by entry_number) = 1

),

last_amounts as (

    select
        opportunity_id,
        arg_max({ 'amount': amount }, entry_number).amount as amount
    from history
    where coalesce(is_amount_told, true)
    group by opportunity_id

),

last_entries as (

    select
        *,
        coalesce(close_date, recorded_on) as close_on
    from history
    qualify
        row_number() over (
            partition by opportunity_id order by entry_number desc
        ) = 1

),

-- a state that only stands in for none decides nothing
judged_entries as (

    select
        opportunity_id,
        recorded_on,
        entry_number,
        is_accepted,
        is_closed and not is_won as is_lost,
        max(case when is_closed and not is_won then null else entry_number end)
            over (partition by opportunity_id) as last_other_entry
    from history
    where is_recorded

),

decisions as (

    select
        opportunity_id,
        min(recorded_on) filter (where is_accepted) as accepted_on,
        -- of a loss taken back and made again, the one that stands
        min(recorded_on) filter (
            where is_lost and entry_number > coalesce(last_other_entry, 0)
        ) as lost_recorded_on
    from judged_entries
    group by opportunity_id

),

stood as (

    select
        priced.*,
        last_entries.stage,
        last_entries.is_stage_known,
        coalesce(last_entries.is_state_told, true) as is_state_told,
        last_entries.recorded_on as state_since,
        last_entries.close_on,
        last_entries.is_won
        and last_entries.is_recorded
        and last_entries.close_on <= priced.as_of_date as is_won_by_then,
        decisions.lost_recorded_on is not null as is_lost_by_then,
        decisions.accepted_on,
        decisions.lost_recorded_on,
        -- where nothing recorded by then holds amounts, the record as it stands speaks
        case
            when first_amounts.opportunity_id is not null then first_amounts.amount
            else priced.amount
        end as first_amount,
        coalesce(
            first_amounts.is_recorded and first_amounts.recorded_on <= priced.created_on,
            false
        ) as is_amount_at_creation_recorded,
        case
            when last_amounts.opportunity_id is not null then last_amounts.amount
            else priced.amount
        end as current_amount
    from priced
    inner join last_entries on priced.opportunity_id = last_entries.opportunity_id
    left join first_amounts on priced.opportunity_id = first_amounts.opportunity_id
    left join last_amounts on priced.opportunity_id = last_amounts.opportunity_id
    left join decisions on priced.opportunity_id = decisions.opportunity_id

),

final as (

    select
        stood.opportunity_id,
        stood.record_system,
        stood.source_id,
        stood.file_id,
        stood.record,
        coalesce(
            account_ids.account_id,
            {{ record_key('stood.record_system', 'stood.account_id') }}
        ) as account_id,
        stood.primary_contact_id,
        stood.owner_id,
        stood.type as deal_type,
        stood.business_unit,
        stood.loss_reason,
        stood.created_at,
        stood.created_on,
        stood.stage,
        stood.is_stage_known,
        stood.close_on,
        -- a stage nobody knows is neither open nor lost
        not stood.is_won_by_then and not stood.is_lost_by_then and stood.is_state_told as is_open,
        stood.is_won_by_then as is_won,
        stood.is_lost_by_then as is_lost,
        -- wins and losses count on their close date; a loss may be known before it
        case
            when stood.is_won_by_then or stood.is_lost_by_then and stood.close_on <= stood.as_of_date
                then stood.close_on
        end as closed_on,
        case
            when stood.is_won_by_then then stood.close_on
            when stood.is_lost_by_then then least(stood.close_on, stood.lost_recorded_on)
            when not stood.is_state_told then stood.state_since
        end as open_until,
        stood.accepted_on,
        case when stood.accepted_on is null then stood.lost_recorded_on end as rejected_on,
        stood.yen_per_unit,
        stood.first_amount * stood.yen_per_unit as amount_at_creation_yen,
        stood.current_amount * stood.yen_per_unit as amount_yen,
        stood.is_amount_at_creation_recorded,
        stood.first_amount is null as is_amount_missing_at_creation,
        stood.first_amount is not null and stood.yen_per_unit is null
            as is_amount_unconverted_at_creation,
        stood.current_amount is null as is_amount_missing,
        stood.current_amount is not null and stood.yen_per_unit is null
            as is_amount_unconverted
    from stood
    left join account_ids
        on stood.record_system = account_ids.record_system
        and stood.account_id = account_ids.source_account_id

)

select * from final
