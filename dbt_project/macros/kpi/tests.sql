{# A key of several columns: fails with every key that has more than one row. Nulls are a value of the key. #}
{% test one_row_per(model, columns) %}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# Fails unless there is exactly one row. #}
{% test one_row_only(model) %}
select count(*) as copies
from {{ model }}
having count(*) != 1
{% endtest %}

{# Fails with every one of the columns that is null somewhere, and how often: one scan and one test for all. #}
{% test never_null(model, columns) %}
select column_name, nulls
from (
    unpivot (
        select
            {%- for column in columns %}
            count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        from {{ model }}
    )
    on columns(*) into name column_name value nulls
)
where nulls > 0
{% endtest %}
