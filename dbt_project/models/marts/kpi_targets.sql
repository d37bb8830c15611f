-- one row per target (period, scope, metric) and revision
with

revisions as (

    select * from {{ ref('act_target_revisions') }}

),

settings as (

    select * from {{ ref('act_settings') }}

),

metrics as (

    select * from {{ ref('dim_metrics') }}

),

known_scopes as (

    select distinct
        scope_type,
        scope_key
    from {{ ref('act_metric_scopes') }}

),

looked_up as (

    select
        revisions.*,
        settings.as_of_date,
        metrics.metric is not null as is_metric_known,
        known_scopes.scope_key is not null as is_scope_known,
        coalesce(
            list_contains(string_split(metrics.scopes, ', '), revisions.scope_type), false
        ) as is_metric_shown_for_scope
    from revisions
    cross join settings
    left join metrics on revisions.metric = metrics.metric
    left join known_scopes
        on
            revisions.scope_type = known_scopes.scope_type
            and revisions.scope_key = known_scopes.scope_key

),

judged as (

    select
        *,
        is_scope_known and is_metric_shown_for_scope as is_specific,
        is_metric_known as is_measurable,
        trim(coalesce(achievable, '')) != '' as is_achievable,
        trim(coalesce(relevant, '')) != '' as is_relevant,
        coalesce(due_date, period_end) is not null as is_time_bound
    from looked_up

),

final as (

    select
        period_type,
        period_start,
        period_end,
        scope_type,
        coalesce(scope_key, '(none)') as scope_key,
        metric,
        revision,
        holds_from as valid_from,
        holds_to as valid_to,
        case
            when is_in_force then 'in_force'
            when holds_from > as_of_date then 'upcoming'
            else 'superseded'
        end as state,
        is_in_force as is_current,
        target as value,
        previous_target as previous_value,
        target - previous_target as change,
        {{ ratio('target - previous_target', 'previous_target') }} as change_share,
        owner,
        coalesce(due_date, period_end) as due_on,
        due_date is not null as has_due_date,
        achievable,
        relevant,
        is_metric_known,
        is_scope_known,
        is_specific,
        is_measurable,
        is_achievable,
        is_relevant,
        is_time_bound,
        cast(
            cast(is_specific as integer) + cast(is_measurable as integer)
            + cast(is_achievable as integer) + cast(is_relevant as integer)
            + cast(is_time_bound as integer) as bigint
        ) as smart_parts,
        is_specific and is_measurable and is_achievable and is_relevant and is_time_bound as is_smart,
        revision > 1 and holds_from > period_start and holds_from <= period_end
            as is_revised_in_period,
        holds_from > period_end as is_made_after_period_end
    from judged

)

select * from final
