-- one row per period, scope, metric and cause: how many distinct things the figure gained and lost
{% for table, facts in restated_tables().items() %}
-- depends_on: {{ ref(facts.changes) }}
-- depends_on: {{ ref(table) }}
-- depends_on: {{ ref(facts.previous) }}
{% endfor %}
{% set dimensions = day_dimensions() %}
with

previous_release as (

    select * from {{ ref('act_previous_release') }}

),

dates as (

    select * from {{ ref('act_dates') }}

),

{{ period_and_scope_types() }}
{% if execute %}
{% set measures = [] %}
{% for measure in catalogue_measures() if not measure.is_additive and restated_rows(measure) %}
{% do measures.append(measure) %}
{% endfor %}
{% for measure in measures %}
{% set places = restated_rows(measure) %}
,

-- every changed row as it was and as it is
{{ measure.name }}_changed as (

    {% for place in places %}
    {% set last_place = loop.last %}
    {% for side in ['old', 'new'] %}
    select
        '{{ side }}' as side,
        cause,
        {{ place.date }} as date,
        {% for dimension, missing in dimensions.items() %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% endfor %}
        {{ measure.expr }} as thing
    from (
        select
            case
                when not (is_there and was_there) then what_cause
                when new_row.{{ measure.expr }} is distinct from old_row.{{ measure.expr }} then whom_cause
                {% for dimension in dimensions %}
                when new_row.{{ dimension }} is distinct from old_row.{{ dimension }}
                    then {{ 'whom_cause' if dimension in ['channel', 'campaign'] else 'who_cause' }}
                {% endfor %}
                else what_cause
            end as cause,
            unnest({{ side }}_row)
        from {{ ref(restated_tables()[place.table].changes) }}
        where {{ 'was_there' if side == 'old' else 'is_there' }}
    ) as changed_rows
    where {{ place.rows }} and {{ measure.expr }} is not null
    {{ 'union all' if not (last_place and loop.last) }}
    {% endfor %}
    {% endfor %}

),

-- whoever is in none of them is where he was
{{ measure.name }}_rows as (

    {% for place in places %}
    {% set last_place = loop.last %}
    {% for side in ['old', 'new'] %}
    select distinct
        '{{ side }}' as side,
        {{ place.date }} as date,
        {% for dimension, missing in dimensions.items() %}
        coalesce({{ dimension }}, '{{ missing }}') as {{ dimension }},
        {% endfor %}
        {{ measure.expr }} as thing
    from {{ ref(restated_tables()[place.table].previous if side == 'old' else place.table) }} as every_row
    semi join {{ measure.name }}_changed as changed on every_row.{{ measure.expr }} = changed.thing
    where {{ place.rows }} and {{ place.date }} <= (select as_of_date from previous_release)
    {{ 'union all' if not (last_place and loop.last) }}
    {% endfor %}
    {% endfor %}

),

{% for relation in ['rows', 'changed'] %}
{{ measure.name }}_{{ relation }}_placed as (

    select distinct
        rows_of.side,
        rows_of.thing,
        {{ 'rows_of.cause,' if relation == 'changed' }}
        period_types.period_type,
        {{ start_by_period_type('dates') | indent(8) }} as period_start,
        scope_types.scope_type,
        {{ key_by_scope_type('rows_of.') | indent(8) }} as scope_key
    from {{ measure.name }}_{{ relation }} as rows_of
    inner join dates on rows_of.date = dates.date
    cross join period_types
    cross join scope_types

),

{% endfor %}
{{ measure.name }}_moved as (

    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        thing,
        min(side) as side
    from {{ measure.name }}_rows_placed
    group by period_type, period_start, scope_type, scope_key, thing
    having count(*) = 1

),

-- of several changes of one thing in one place the first in this order is named
{{ measure.name }}_caused as (

    select
        moved.period_type,
        moved.period_start,
        moved.scope_type,
        moved.scope_key,
        moved.thing,
        moved.side,
        {{ first_cause('changed.cause') }} as cause
    from {{ measure.name }}_moved as moved
    inner join {{ measure.name }}_changed_placed as changed
        on
            moved.period_type = changed.period_type
            and moved.period_start = changed.period_start
            and moved.scope_type = changed.scope_type
            and moved.scope_key = changed.scope_key
            and moved.thing = changed.thing
            and moved.side = changed.side
    group by all

)
{% endfor %}
,

parts as (

    {% for metric in catalogue_metrics() %}
    {% for role in ['numerator', 'denominator'] %}
    {% for measure in measures if metric[role] and metric[role].name == measure.name %}
    select
        period_type,
        period_start,
        scope_type,
        scope_key,
        '{{ metric.name }}' as metric,
        cause,
        {{ '' if role == 'numerator' else '0 * ' }}case side when 'new' then 1 else -1 end as numerator,
        {{ '' if role == 'denominator' else '0 * ' }}case side when 'new' then 1 else -1 end as denominator
    from {{ measure.name }}_caused

    union all
    {% endfor %}
    {% endfor %}
    {% endfor %}

    select
        cast(null as varchar) as period_type,
        cast(null as date) as period_start,
        cast(null as varchar) as scope_type,
        cast(null as varchar) as scope_key,
        cast(null as varchar) as metric,
        cast(null as varchar) as cause,
        0 as numerator,
        0 as denominator
    where false

)

select
    period_type,
    period_start,
    scope_type,
    scope_key,
    metric,
    cause,
    cast(sum(numerator) as decimal(38, 4)) as numerator_part,
    cast(sum(denominator) as decimal(38, 4)) as denominator_part,
    count(*) as things
from parts
group by all
having sum(numerator) <> 0 or sum(denominator) <> 0
{% else %}
select * from previous_release
{% endif %}
