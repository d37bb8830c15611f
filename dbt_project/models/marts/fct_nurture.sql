-- one row per marketing e-mail, seminar registration, hand-over of a lead, and return of one from nurturing
{%- set flags = [
    'is_sent', 'is_delivered', 'is_delivery_derived', 'is_bounced', 'is_opened', 'is_opened_unchecked',
    'is_clicked', 'is_clicked_unchecked', 'is_unsubscribed', 'is_registered', 'is_attended',
    'is_no_show', 'is_cancelled', 'is_handed_over', 'is_returned', 'has_met', 'has_won',
] %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

emails as (

    select * from {{ ref('act_marketing_emails') }}

),

seminars as (

    select * from {{ ref('act_seminar_registrations') }}

),

handovers as (

    select * from {{ ref('act_lead_handovers') }}

),

returns as (

    select * from {{ ref('act_lead_returns') }}

),

calls as (

    select * from {{ ref('fct_calls') }}

),

rep_emails as (

    select * from {{ ref('fct_emails') }}

),

person_channels as (

    select * from {{ ref('act_person_channels') }}

),

files as (

    select * from {{ ref('act_files') }}

),

bands as (

    select
        unnest(settings.score_bands) as lower_bound,
        unnest(settings.score_bands[2:] || [null]) as upper_bound,
        unnest(range(1, len(settings.score_bands) + 1)) as place
    from settings

),

banded as (

    select
        handovers.*,
        case
            when handovers.score is null and not handovers.has_any_score then '(none)'
            when handovers.score is null then '(unknown)'
            when bands.place is null then '<' || settings.score_bands[1]
            when bands.upper_bound is null then '≥' || bands.lower_bound
            else bands.lower_bound || '–<' || bands.upper_bound
        end as score_band,
        case when handovers.score is not null then coalesce(bands.place, 0) end as band_place
    from handovers
    cross join settings
    left join bands
        on handovers.score >= bands.lower_bound
        and (bands.upper_bound is null or handovers.score < bands.upper_bound)

),

return_origins as (

    select
        returns.*,
        coalesce(calls.source_id, rep_emails.source_id) as source_id,
        coalesce(calls.source_file_id, rep_emails.source_file_id) as file_id,
        coalesce(calls.source_record, rep_emails.source_record) as record
    from returns
    left join calls on returns.call_id = calls.call_id
    left join rep_emails on returns.email_id = rep_emails.email_id

),

united as (

    select
        'email' as subject,
        'email:' || mail_id as nurture_id,
        asset as segment,
        cast(null as bigint) as segment_place,
        happened_on,
        * exclude (mail_id, asset, happened_on)
    from emails

    union all by name

    select
        'seminar' as subject,
        'seminar:' || registration_id as nurture_id,
        seminar as segment,
        registered_on as happened_on,
        true as is_registered,
        * exclude (registration_id, seminar, registered_on)
    from seminars

    union all by name

    select
        'score_band' as subject,
        'score_band:' || person_id as nurture_id,
        score_band as segment,
        band_place as segment_place,
        handed_over_on as happened_on,
        person_id,
        score,
        true as is_handed_over,
        has_reached_meeting as has_met,
        has_reached_won as has_won,
        source_id,
        file_id,
        record
    from banded

    union all by name

    select
        'return' as subject,
        'return:' || person_id || ':' || returned_on as nurture_id,
        nurtured_as as segment,
        returned_on as happened_on,
        person_id,
        nurtured_from,
        call_id,
        email_id,
        true as is_returned,
        has_met,
        has_won,
        source_id,
        file_id,
        record
    from return_origins

),

final as (

    select
        -- ids
        united.nurture_id,
        united.source_id,
        united.person_id,
        united.call_id,
        united.email_id,

        -- text
        united.subject,
        united.segment,
        coalesce(
            person_channels.channel_group,
            case when united.person_id is null then '(unlinked)' else '(none)' end
        ) as channel_group,
        coalesce(
            person_channels.channel,
            case when united.person_id is null then '(unlinked)' else '(none)' end
        ) as channel,

        -- measures
        cast(united.segment_place as bigint) as segment_place,
        cast(united.score as double) as score,

        -- flags
        {% for flag in flags -%}
        coalesce(united.{{ flag }}, false) as {{ flag }},
        {% endfor %}
        -- times
        united.happened_on,
        united.nurtured_from,

        -- origin
        united.file_id as source_file_id,
        files.path as source_file,
        cast(united.record as bigint) as source_record
    from united
    left join person_channels on united.person_id = person_channels.person_id
    left join files on united.file_id = files.file_id

)

select * from final
