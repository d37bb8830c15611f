-- one row per opportunity whose last days in the pipeline are not what fct_opportunities says
with

settings as (

    select * from {{ ref('act_settings') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

pipeline as (

    select
        kpi_pipeline.opportunity_id,
        bool_or(kpi_pipeline.is_open and kpi_pipeline.date = settings.as_of_date) as is_open,
        arg_max(
            {
                'stage': kpi_pipeline.stage,
                'amount_yen': kpi_pipeline.amount_yen,
                'is_stage_known': kpi_pipeline.is_stage_known,
                'is_amount_known': kpi_pipeline.is_amount_known
            },
            kpi_pipeline.date
        ) as last_day,
        max(kpi_pipeline.date) filter (where kpi_pipeline.is_won) as won_on,
        max(kpi_pipeline.date) filter (where kpi_pipeline.is_lost) as lost_on,
        count(*) filter (where kpi_pipeline.is_won or kpi_pipeline.is_lost) as closings
    from {{ ref('kpi_pipeline') }} as kpi_pipeline
    cross join settings
    group by kpi_pipeline.opportunity_id

),

wrong as (

    select
        opportunities.opportunity_id,
        opportunities.is_open,
        opportunities.won_on,
        opportunities.lost_on,
        pipeline.* exclude (opportunity_id, is_open, won_on, lost_on)
    from opportunities
    full join pipeline on opportunities.opportunity_id = pipeline.opportunity_id
    where
        opportunities.is_open is distinct from coalesce(pipeline.is_open, false)
        or opportunities.won_on is distinct from pipeline.won_on
        or opportunities.lost_on is distinct from pipeline.lost_on
        or pipeline.closings > 1
        or (
            pipeline.last_day.is_stage_known
            and pipeline.last_day.stage is distinct from opportunities.stage
        )
        or (
            pipeline.last_day.is_amount_known
            and pipeline.last_day.amount_yen is distinct from opportunities.amount_yen
        )

)

select * from wrong
