-- one row per stage of a HubSpot pipeline delivered in an export
{{ staged(
    'hubspot', 'pipelines',
    derived={
        'is_won': 'is_closed and coalesce(probability = 1, false)',
        'is_active': 'not is_pipeline_archived and not is_stage_archived',
    },
) }}
