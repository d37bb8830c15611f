-- one row per touch of a person that says through which channel or campaign it came
{%- set fields = ['utm_source', 'utm_medium', 'utm_campaign', 'campaign_name', 'campaign_type'] %}
with

touches as (

    select
        * exclude (campaign),
        campaign as campaign_name
    from {{ ref('act_marketing_touches') }}
    where
        person_id is not null
        and touch_type != 'lead_created'

),

known_records as (

    select * from {{ ref('act_known_records') }}

),

record_channels as (

    select * from {{ ref('act_record_channels') }}

),

rules as (

    {{ channel_rules() }}

),

-- few different things are said by many touches
said as (

    select
        *,
        row_number() over (order by {{ fields | join(', ') }}) as saying
    from (select distinct {{ fields | join(', ') }} from touches)

),

filled as (

    select *
    from (
        unpivot said
        on {{ fields | join(', ') }}
        into name field value value
    )
    where trim(value) != ''

),

judged_values as (

    {{ judged_by_channel_rules('filled') }}

),

best as (

    select
        filled.saying,
        min(judged_values.precedence) as precedence
    from filled
    left join judged_values
        on filled.field = judged_values.field
        and filled.value = judged_values.value
    group by filled.saying

),

sayings as (

    select
        said.*,
        coalesce(judged_values.channel_group, '(unmapped)') as channel_group,
        coalesce(judged_values.channel, '(unmapped)') as channel
    from said
    inner join best on said.saying = best.saying
    left join judged_values on best.precedence = judged_values.precedence

),

of_marketing as (

    select
        touches.touch_id,
        touches.person_id,
        touches.touched_at,
        touches.touched_on,
        sayings.channel_group,
        sayings.channel,
        coalesce(nullif(trim(touches.campaign_name), ''), '(none)') as campaign
    from touches
    inner join sayings
        {% for field in fields -%}
        {{ 'on' if loop.first else 'and' }} touches.{{ field }} is not distinct from sayings.{{ field }}
        {% endfor %}
),

-- the making of a lead is a touch through the channel its record names
of_records as (

    select
        'lead:' || known_records.record_system || ':' || known_records.record_id as touch_id,
        known_records.person_id,
        known_records.created_at as touched_at,
        known_records.created_on as touched_on,
        record_channels.channel_group,
        record_channels.channel,
        '(none)' as campaign
    from known_records
    inner join record_channels
        on known_records.record_system = record_channels.record_system
        and known_records.record_type = record_channels.record_type
        and known_records.record_id = record_channels.record_id
    where
        known_records.is_cohort_record
        and known_records.created_at is not null
        and record_channels.channel != '(none)'

),

final as (

    select * from of_marketing

    union all

    select * from of_records

)

select * from final
