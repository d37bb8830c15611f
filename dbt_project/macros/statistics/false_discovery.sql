{# Nothing is flagged unless at most this share of all flags is expected to be chance. #}
{% macro false_discovery_limit() -%} 0.05 {%- endmacro %}

{# A relation with `q_value` beside the p of its tests (Benjamini & Hochberg, 1995): the share of false alarms
   among all tests called a finding down to this one. `family` is the SQL of a partition, none for all rows. Rows
   without a p are no tests. Equal p have equal q, so no order of rows shows. #}
{% macro with_false_discovery_q(relation, p, family=none) -%}
{%- set partition = 'partition by ' ~ family if family else '' -%}
    select
        placed.* exclude (tests, place),
        case
            when placed.{{ p }} is not null then least(
                min(placed.{{ p }} * placed.tests / placed.place)
                    over ({{ partition }} order by placed.{{ p }} desc nulls last),
                1.0
            )
        end as q_value
    from (
        select
            *,
            count({{ p }}) over ({{ partition }}) as tests,
            count({{ p }}) over ({{ partition }} order by {{ p }}) as place
        from {{ relation }}
    ) as placed
{%- endmacro %}
