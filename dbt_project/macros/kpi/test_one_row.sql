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
