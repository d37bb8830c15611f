-- one row per reading that counts and whose bytes the previous release was not made of
with

files as (

    select * from {{ ref('act_files') }}

),

previous_files as (

    select * from {{ ref('stg_kura__previous_files') }}

),

releases as (

    select * from {{ ref('stg_kura__previous_releases') }}

)

select
    files.file_id,
    files.system = 'planning' as is_planning
from files
cross join releases
-- a file that release refused was there for it to read: that it is read now is no new fact
anti join previous_files
    on
        files.sha256 = previous_files.sha256
        and files.member is not distinct from previous_files.member
where files.is_active and files.status = 'accepted'
