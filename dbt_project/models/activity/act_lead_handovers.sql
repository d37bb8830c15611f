-- one row per lead marketing handed over by the as-of date, with the score it had then
with

settings as (

    select * from {{ ref('act_settings') }}

),

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

known_records as (

    select * from {{ ref('act_known_records') }}

),

leads as (

    select * from {{ ref('act_leads_versions') }}

),

marketing_persons as (

    select * from {{ ref('act_marketing_persons_versions') }}

),

-- an MQL is handed over as one; who was worked or met before marketing said so, then
handed_over as (

    select
        *,
        least(mql_on, worked_on, met_on) as handed_over_on
    from lead_steps
    where coalesce(mql_on, worked_on, met_on) is not null

),

told_scores as (

    select
        record_system,
        'lead' as record_type,
        lead_id as record_id,
        lead_score,
        valid_at,
        source_id,
        file_id,
        record
    from leads
    where lead_score is not null

    union all

    select
        record_system,
        'ma_person' as record_type,
        person_id as record_id,
        lead_score,
        valid_at,
        source_id,
        file_id,
        record
    from marketing_persons
    where lead_score is not null

),

scores as (

    select
        known_records.person_id,
        told_scores.*,
        {{ reporting_date('told_scores.valid_at') }}
            as told_on
    from told_scores
    cross join settings
    inner join known_records
        on told_scores.record_system = known_records.record_system
        and told_scores.record_type = known_records.record_type
        and told_scores.record_id = known_records.record_id

),

-- the score said last, whoever said it; marketing's own before the copy the CRM keeps
scored as (

    select
        handed_over.person_id,
        arg_max(
            {
                'score': scores.lead_score,
                'source_id': scores.source_id,
                'file_id': scores.file_id,
                'record': scores.record
            },
            {
                'valid_at': scores.valid_at,
                'record_type': scores.record_type,
                'record_system': scores.record_system,
                'record_id': scores.record_id,
                'score': scores.lead_score,
                'file_id': scores.file_id,
                'record': scores.record
            }
        ) filter (where scores.told_on <= handed_over.handed_over_on) as said
    from handed_over
    inner join scores on handed_over.person_id = scores.person_id
    group by handed_over.person_id

),

final as (

    select
        handed_over.person_id,
        handed_over.handed_over_on,
        handed_over.has_reached_meeting,
        handed_over.has_reached_won,
        cast(scored.said.score as double) as score,
        scored.person_id is not null as has_any_score,
        scored.said.source_id,
        scored.said.file_id,
        scored.said.record
    from handed_over
    left join scored on handed_over.person_id = scored.person_id

)

select * from final
