-- one row per seminar and person who registered for it, or whose attendance was noted
with

participations as (

    select
        *,
        coalesce(program_id, program_name, asset_id, asset_name, '(none)') as seminar_key,
        coalesce(person_id, marketing_person_id, email, activity_id) as participant,
        coalesce(program_name, asset_name, program_id, asset_id) as seminar_name,
        { 'at': activity_at, 'type': activity_type, 'id': activity_id } as place
    from {{ ref('act_marketing_activities') }}
    where {{ is_one_of('activity_type', [
        'webinar_registered', 'webinar_attended', 'webinar_no_show', 'webinar_cancelled',
        'event_registered', 'event_attended', 'event_no_show',
    ]) }}

),

-- a seminar renamed is one seminar, as it was called last
seminars as (

    select
        record_system,
        seminar_key,
        coalesce(arg_max(seminar_name, place), '(none)') as seminar
    from participations
    group by record_system, seminar_key

),

registrations as (

    select
        record_system,
        seminar_key,
        participant,
        any_value(person_id) as person_id,
        min(place) as first_event,
        min(activity_on) as registered_on,
        arg_min({ 'source_id': source_id, 'file_id': file_id, 'record': record }, place) as origin,
        bool_or(ends_with(activity_type, '_attended')) as has_attended,
        bool_or(ends_with(activity_type, '_no_show')) as has_missed,
        bool_or(ends_with(activity_type, '_cancelled')) as has_cancelled
    from participations
    group by record_system, seminar_key, participant

),

-- who attended one session of several has attended
final as (

    select
        md5(concat_ws(
            ':',
            registrations.record_system,
            registrations.first_event.type,
            registrations.first_event.id
        )) as registration_id,
        registrations.person_id,
        registrations.registered_on,
        seminars.seminar,
        registrations.has_attended as is_attended,
        not registrations.has_attended and registrations.has_missed as is_no_show,
        not registrations.has_attended
        and not registrations.has_missed
        and registrations.has_cancelled as is_cancelled,
        registrations.origin.source_id,
        registrations.origin.file_id,
        registrations.origin.record
    from registrations
    inner join seminars
        on registrations.record_system = seminars.record_system
        and registrations.seminar_key = seminars.seminar_key

)

select * from final
