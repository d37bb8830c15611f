-- one row, or none: the release figures are compared with, and what besides records is different since
with

releases as (

    select * from {{ ref('stg_kura__previous_releases') }}

),

settings as (

    select * from {{ ref('act_settings') }}

),

files as (

    select * from {{ ref('act_files') }}

),

previous_files as (

    select * from {{ ref('stg_kura__previous_files') }}

),

new_files as (

    select * from {{ ref('act_new_files') }}

),

planning as (

    select distinct
        object_name,
        sha256
    from files
    where system = 'planning' and is_active and status = 'accepted'

),

previous_planning as (

    select distinct
        object_name,
        sha256,
        is_active
    from previous_files
    where system = 'planning' and status = 'accepted'

),

-- a text nobody had read then, or one that counted then and does not now
changed_planning as (

    select planning.object_name
    from planning
    anti join previous_planning
        on
            planning.object_name = previous_planning.object_name
            and planning.sha256 = previous_planning.sha256
            and coalesce(previous_planning.is_active, true)

    union

    select previous_planning.object_name
    from previous_planning
    anti join planning
        on
            previous_planning.object_name = planning.object_name
            and previous_planning.sha256 = planning.sha256
    where previous_planning.is_active

),

changed_names as (

    select list(object_name order by object_name) as names
    from changed_planning

),

new_exports as (

    select bool_or(not is_planning) as are_there
    from new_files

)

select
    releases.release_id,
    releases.as_of_date,
    releases.week_starts_on = settings.week_starts_on as has_same_weeks,
    releases.fiscal_year_start_month = settings.fiscal_year_start_month as has_same_fiscal_years,
    releases.config_hash <> settings.config_hash as is_configuration_changed,
    releases.code_version <> settings.code_version as is_code_changed,
    coalesce(changed_names.names, []) as changed_planning,
    coalesce(new_exports.are_there, false) as has_new_exports
from releases
cross join settings
cross join changed_names
cross join new_exports
