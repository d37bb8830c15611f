-- one row per metric of the KPI catalogue
{% set events = {
    'booked': ('予約', 'booked'), 'held': ('実施', 'held'), 'opportunity': ('案件化', 'opportunity'),
} %}
with

settings as (

    select * from {{ ref('act_settings') }}

)
{% if execute %}
,

metrics as (

    {% for metric in catalogue_metrics() %}
    {% set meta = metric.meta %}
    {% set numerator = metric.numerator %}
    {% set denominator = metric.denominator or {} %}
    {% set definition = metric.description.split('\n') %}
    select
        {{ text_literal(metric.name) }} as metric,
        {{ text_literal(meta.name_ja) }} as name_ja,
        {{ text_literal(meta.name_en) }} as name_en,
        {{ meta.get('names_shodan_event', false) | lower }} as names_shodan_event,
        {{ text_literal(meta.category) }} as category,
        {{ text_literal(meta.unit) }} as unit,
        {{ text_literal(meta.direction) }} as direction,
        cast({{ meta.minimum_sample }} as bigint) as minimum_sample,
        {{ text_literal(meta.maturity) }} as maturity,
        {{ text_literal(metric.needs) }} as needs,
        {{ text_literal(metric.type) }} as metric_type,
        {{ metric.numerator.is_additive | lower if metric.type == 'simple' else 'false' }} as is_additive,
        {{ text_literal(metric.scopes | join(', ')) }} as scopes,
        {{ text_literal(metric.numerator.name) }} as numerator,
        {{ text_literal(numerator.model) }} as numerator_table,
        {{ text_literal(numerator.date) }} as numerator_date,
        {{ text_literal(numerator.sql) }} as numerator_sql,
        {{ text_literal(numerator.rows) }} as numerator_rows,
        {{ text_literal(numerator.each) }} as numerator_each,
        {{ text_literal(metric.denominator.name if metric.denominator else none) }} as denominator,
        {{ text_literal(denominator.get('model')) }} as denominator_table,
        {{ text_literal(denominator.get('date')) }} as denominator_date,
        {{ text_literal(denominator.get('sql')) }} as denominator_sql,
        {{ text_literal(denominator.get('rows')) }} as denominator_rows,
        {{ text_literal(denominator.get('each')) }} as denominator_each,
        {{ text_literal(definition[1]) }} as definition_ja,
        {{ text_literal(definition[0]) }} as definition_en,
        {{ text_literal(meta.purpose_ja) }} as purpose_ja,
        {{ text_literal(meta.purpose_en) }} as purpose_en,
        {{ text_literal(meta.owner) }} as owner,
        cast({{ meta.definition_version }} as bigint) as definition_version,
        cast({{ meta.position }} as bigint) as position,
        {{ meta.headline | lower }} as is_headline
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

labelled as (

    select
        metrics.metric,
        metrics.name_ja,
        metrics.name_en,
        case
            when not metrics.names_shodan_event then metrics.name_ja
            {% for event, names in events.items() %}
            when settings.shodan_event = '{{ event }}' then metrics.name_ja || '［商談＝{{ names[0] }}］'
            {% endfor %}
            else metrics.name_ja
        end as label_ja,
        case
            when not metrics.names_shodan_event then metrics.name_en
            {% for event, names in events.items() %}
            when settings.shodan_event = '{{ event }}' then metrics.name_en || ' [meeting = {{ names[1] }}]'
            {% endfor %}
            else metrics.name_en
        end as label_en,
        metrics.* exclude (metric, name_ja, name_en, names_shodan_event)
    from metrics
    cross join settings

)

select * from labelled
{% else %}
select * from settings
{% endif %}
