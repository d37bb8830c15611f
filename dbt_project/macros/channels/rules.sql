{# What planning's channel rules say of values: written once for records, and for what a touch knows. #}

{# The rules as they are compared. #}
{% macro channel_rules() -%}
    select
        priority,
        lower(field) as field,
        lower(match) as match,
        {{ match_key('value') }} as value,
        channel_group,
        channel
    from {{ ref('stg_planning__channel_rules') }}
    where reject_reason is null
{%- endmacro %}


{# Every value of a field that a rule places, by the rule that goes first. `fields` is a CTE of field and
   value, `rules` a CTE of `channel_rules()`. Few values stand on many rows: each is tried once. The
   smallest `precedence` of several values decides. #}
{% macro judged_by_channel_rules(fields, rules='rules') -%}
    select
        field_values.field,
        field_values.value,
        {{ rules }}.channel_group,
        {{ rules }}.channel,
        row_number() over (
            order by
                {{ rules }}.priority,
                field_values.field,
                {{ rules }}.match,
                {{ rules }}.value,
                field_values.value
        ) as precedence
    from (
        select distinct
            field,
            value,
            {{ match_key('value') }} as value_key
        from {{ fields }}
    ) as field_values
    inner join {{ rules }}
        on field_values.field = {{ rules }}.field
        and case {{ rules }}.match
            when 'prefix' then starts_with(field_values.value_key, {{ rules }}.value)
            when 'contains' then contains(field_values.value_key, {{ rules }}.value)
            else field_values.value_key = {{ rules }}.value
        end
    qualify
        row_number() over (
            partition by field_values.field, field_values.value
            order by {{ rules }}.priority, {{ rules }}.match, {{ rules }}.value
        ) = 1
{%- endmacro %}
