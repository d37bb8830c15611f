-- one row per lead, attribution model and channel × campaign that gets credit for the lead
with

lead_steps as (

    select * from {{ ref('act_lead_steps') }}

),

touch_channels as (

    select * from {{ ref('act_touch_channels') }}

),

-- what touched the lead until it was won over; what came later brought no meeting
touches as (

    select
        touch_channels.person_id,
        touch_channels.channel_group,
        touch_channels.channel,
        touch_channels.campaign,
        {
            'touched_at': touch_channels.touched_at,
            'has_campaign': touch_channels.campaign != '(none)',
            'touch_id': touch_channels.touch_id
        } as place
    from touch_channels
    inner join lead_steps
        on touch_channels.person_id = lead_steps.person_id
        and case
            when lead_steps.met_at is not null
                then touch_channels.touched_at <= lead_steps.met_at
            else touch_channels.touched_on <= coalesce(lead_steps.opportunity_on, date 'infinity')
        end

),

touched_lines as (

    select
        person_id,
        channel_group,
        channel,
        campaign,
        count(*) as touches,
        min(place) as first_place,
        max(place) as last_place
    from touches
    group by person_id, channel_group, channel, campaign

),

shares as (

    select
        *,
        sum(touches) over lines_so_far as touches_so_far,
        sum(touches) over (partition by person_id) as all_touches,
        row_number() over (partition by person_id order by last_place desc) = 1 as is_last
    from touched_lines
    window
        lines_so_far as (
            partition by person_id
            order by first_place
            rows between unbounded preceding and current row
        )

),

-- a lead nothing is known to have touched stays with the channel of its record
untouched as (

    select
        lead_steps.person_id,
        lead_steps.channel_group,
        lead_steps.channel,
        lead_steps.campaign
    from lead_steps
    left join touched_lines on lead_steps.person_id = touched_lines.person_id
    where touched_lines.person_id is null

),

credited as (

    select
        'first_touch' as attribution_model,
        person_id,
        channel_group,
        channel,
        campaign,
        0 as units_before,
        {{ credit_units_of_a_lead() }} as units_until
    from lead_steps

    union all

    select
        'last_touch' as attribution_model,
        person_id,
        channel_group,
        channel,
        campaign,
        0 as units_before,
        {{ credit_units_of_a_lead() }} as units_until
    from shares
    where is_last

    union all

    select
        'linear' as attribution_model,
        person_id,
        channel_group,
        channel,
        campaign,
        {{ share_so_far(credit_units_of_a_lead(), 'touches_so_far - touches', 'all_touches') }}
            as units_before,
        {{ share_so_far(credit_units_of_a_lead(), 'touches_so_far', 'all_touches') }}
            as units_until
    from shares

    union all

    select
        models.attribution_model,
        untouched.person_id,
        untouched.channel_group,
        untouched.channel,
        untouched.campaign,
        0 as units_before,
        {{ credit_units_of_a_lead() }} as units_until
    from untouched
    cross join (values ('last_touch'), ('linear')) as models (attribution_model)

),

final as (

    select
        attribution_model,
        person_id,
        channel_group,
        channel,
        campaign,
        cast(units_before as bigint) as units_before,
        cast(units_until - units_before as bigint) as units
    from credited

)

select * from final
