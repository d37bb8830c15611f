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

)

select
    *,
    {{ need_of_object('object_name') | indent(4) }} as need,
from objects
