-- one row per metric, cause and pair of places (day and six attributes) that things moved between
{% for facts in restated_tables().values() %}
-- depends_on: {{ ref(facts.changes) }}
{% endfor %}
{% set dimensions = day_dimensions() %}
{% set who = ['rep_id', 'team', 'business_unit', 'motion'] %}
{% set sides = ['old', 'new'] %}
with

previous_release as (

    select * from {{ ref('act_previous_release') }}

)
{% if execute %}
{% set components = restated_components() %}
{% for table, facts in restated_tables().items() %}
{% set own = components | selectattr('table', 'equalto', table) | list %}
{% set dates = own | map(attribute='date') | unique | list %}
{% set amounts = (
    own | map(attribute='numerator') | list + own | map(attribute='denominator') | list
) | unique | list %}
{% for side in sides %}
,

{{ table }}_{{ side }} as (

    select
        thing_id,
        {% for dimension, missing in dimensions.items() %}
        {% if dimension in restated_columns(facts.previous) %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ side }}_{{ dimension }},
        {% else %}
        cast(null as varchar) as {{ side }}_{{ dimension }},
        {% endif %}
        {% endfor %}
        {% for date in dates %}
        case
            when {{ date }} <= (select as_of_date from previous_release) then {{ date }}
        end as {{ side }}_date_{{ loop.index }},
        {% endfor %}
        {% for amount in amounts %}
        cast({{ amount }} as decimal(38, 4)) as {{ side }}_amount_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            thing_id,
            unnest({{ side }}_row)
        from {{ ref(facts.changes) }}
        where {{ 'was_there' if side == 'old' else 'is_there' }}
    ) as {{ side }}_rows

)
{% endfor %}
,

{{ table }}_pairs as (

    select
        changes.who_cause,
        changes.whom_cause,
        changes.what_cause,
        old_side.* exclude (thing_id),
        new_side.* exclude (thing_id)
    from {{ ref(facts.changes) }} as changes
    left join {{ table }}_old as old_side on changes.thing_id = old_side.thing_id
    left join {{ table }}_new as new_side on changes.thing_id = new_side.thing_id

)
,

-- one per metric a row may count in
{{ table }}_things as (

    select
        who_cause,
        whom_cause,
        what_cause,
        {% for side in sides %}
        {% for dimension in dimensions %}
        {{ side }}_{{ dimension }},
        {% endfor %}
        {% endfor %}
        unnest([
            {% for component in own %}
            {
                'metric': '{{ component.metric }}',
                {% for side in sides %}
                '{{ side }}_date': {{ side }}_date_{{ dates.index(component.date) + 1 }},
                '{{ side }}_numerator': {{ side }}_amount_{{ amounts.index(component.numerator) + 1 }},
                '{{ side }}_denominator': {{ side }}_amount_{{ amounts.index(component.denominator) + 1 }}{{ ',' if not loop.last }}
                {% endfor %}
            }{{ ',' if not loop.last }}
            {% endfor %}
        ], max_depth := 2)
    from {{ table }}_pairs

)
{% endfor %}
,

things as (

    select
        metric,
        who_cause,
        whom_cause,
        what_cause,
        {% for side in sides %}
        {{ side }}_date,
        {% for dimension in dimensions %}
        case when {{ side }}_date is not null then {{ side }}_{{ dimension }} end as {{ side }}_{{ dimension }},
        {% endfor %}
        case when {{ side }}_date is null then 0 else {{ side }}_numerator end as {{ side }}_numerator,
        case when {{ side }}_date is null then 0 else {{ side }}_denominator end as {{ side }}_denominator{{ ',' if not loop.last }}
        {% endfor %}
    from (
        {% for table in restated_tables() %}
        select * from {{ table }}_things
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ) as every_thing

),

compared as (

    select
        *,
        old_date is not null
        and new_date is not null
        and (
            old_date <> new_date
            {% for dimension in dimensions %}
            or old_{{ dimension }} <> new_{{ dimension }}
            {% endfor %}
        ) as is_moved,
        old_numerator <> new_numerator or old_denominator <> new_denominator as is_other_amount,
        case
            when
                {% for dimension in who %}
                {{ 'or ' if not loop.first }}old_{{ dimension }} is distinct from new_{{ dimension }}
                {% endfor %}
                then who_cause
            when
                old_channel is distinct from new_channel
                or old_campaign is distinct from new_campaign
                then whom_cause
            else what_cause
        end as place_cause
    from things
    where
        old_numerator <> 0
        or old_denominator <> 0
        or new_numerator <> 0
        or new_denominator <> 0

),

-- what counted moves first, as it was, and changes its amount where it stands now
moves as (

    select
        metric,
        place_cause as cause,
        {% for side in sides %}
        {{ side }}_date,
        {% for dimension in dimensions %}
        {{ side }}_{{ dimension }},
        {% endfor %}
        old_numerator as {{ side }}_numerator,
        old_denominator as {{ side }}_denominator{{ ',' if not loop.last }}
        {% endfor %}
    from compared
    where is_moved and (old_numerator <> 0 or old_denominator <> 0)

    union all

    select
        metric,
        what_cause as cause,
        case when is_moved then new_date else old_date end as old_date,
        {% for dimension in dimensions %}
        case when is_moved then new_{{ dimension }} else old_{{ dimension }} end as old_{{ dimension }},
        {% endfor %}
        old_numerator,
        old_denominator,
        new_date,
        {% for dimension in dimensions %}
        new_{{ dimension }},
        {% endfor %}
        new_numerator,
        new_denominator
    from compared
    where is_other_amount

)

select
    metric,
    cause,
    {% for side in sides %}
    {{ side }}_date,
    {% for dimension in dimensions %}
    {{ side }}_{{ dimension }},
    {% endfor %}
    {% endfor %}
    sum(old_numerator) as old_numerator,
    sum(old_denominator) as old_denominator,
    sum(new_numerator) as new_numerator,
    sum(new_denominator) as new_denominator,
    count(*) filter (where old_numerator <> 0 or old_denominator <> 0) as old_things,
    count(*) filter (where new_numerator <> 0 or new_denominator <> 0) as new_things,
    count(*) filter (
        where old_numerator <> new_numerator or old_denominator <> new_denominator
    ) as changed_things
from moves
group by all
{% else %}
select * from previous_release
{% endif %}
