-- one row per object whose rows happen on a date, as the contracts say (event_column)
with

objects as (
{% for object in event_objects() %}
    select
        '{{ object.system }}' as system,
        '{{ object.object }}' as object_name,
        '{{ object.event_column }}' as event_column,
        cast({{ object.classes }} as varchar[]) as classes,
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- else %}
    select
        '' as system,
        '' as object_name,
        '' as event_column,
        cast([] as varchar[]) as classes,
    where false
{%- endfor %}

),

needed as (

    select
        *,
        {{ need_of_object('object_name') | indent(8) }} as need,
    from objects

),

hand_raise_objects as (

    select distinct object_name from {{ ref('act_hand_raise_events') }}

)

select
    needed.* exclude (need),
    -- an export of touches nobody counts as hand-raises is not waited for
    case
        when needed.need != 'hand_raises' or hand_raise_objects.object_name is not null
            then needed.need
    end as need,
from needed
left join hand_raise_objects on needed.object_name = hand_raise_objects.object_name
