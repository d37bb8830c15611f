-- one row per improvement action begun by the as-of date and each of the scopes that see it
{#- the company sees every action; a team its own, its reps' and those for one of its channels #}
with

settings as (

    select * from {{ ref('act_settings') }}

),

planned as (

    select * from {{ ref('stg_planning__actions') }}
    where reject_reason is null

),

rep_spans as (

    select * from {{ ref('act_rep_spans') }}
    where is_valid

),

actions as (

    select
        planned.action_id,
        planned.metric,
        planned.from_date,
        planned.scope_type,
        planned.scope_key
    from planned
    cross join settings
    where planned.from_date <= settings.as_of_date
    qualify
        row_number() over (
            partition by planned.action_id
            order by planned.extracted_at desc, planned.file_id desc, planned.record desc
        ) = 1

),

seen as (

    select
        action_id,
        metric,
        from_date,
        'company' as scope_type,
        'company' as scope_key
    from actions

    union

    select
        action_id,
        metric,
        from_date,
        'team' as scope_type,
        case
            when scope_type = 'team_channel' then split_part(scope_key, ' × ', 1) else scope_key
        end as scope_key
    from actions
    where scope_type in ('team', 'team_channel')

    union

    select
        actions.action_id,
        actions.metric,
        actions.from_date,
        'team' as scope_type,
        rep_spans.team as scope_key
    from actions
    inner join rep_spans
        on
            actions.scope_type = 'rep'
            and actions.scope_key = rep_spans.rep_id
            and actions.from_date between rep_spans.span_from and rep_spans.span_to

)

select * from seen
