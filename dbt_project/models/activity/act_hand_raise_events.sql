-- one row per type of touch that is a hand-raise and object of an export that tells of it
with

events as (

    select * from {{ ref('stg_kura__hand_raise_events') }}

),

objects as (

    select
        objects.touch_type,
        objects.object_name
    from (
        values
        {% for touch_type, objects in hand_raise_objects().items() %}
        {% set last_type = loop.last %}
        {% for object in objects %}
        ('{{ touch_type }}', '{{ object }}'){{ ',' if not (last_type and loop.last) }}
        {% endfor %}
        {% endfor %}
    ) as objects (touch_type, object_name)

)

select objects.*
from objects
inner join events on objects.touch_type = events.touch_type
