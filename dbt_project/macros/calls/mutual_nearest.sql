{# One-to-one pairs out of candidate pairs, in rounds: two sides that are each other's nearest
   are a pair and leave; who has two nearest at the same distance leaves unpaired, because
   choosing would be guessing. Ends when nobody is left. Most candidates have one partner only and
   never enter a round. #}
{% macro mutual_nearest(candidates, left, right, distance) -%}
with recursive counted as (

    select
        {{ left }},
        {{ right }},
        {{ distance }},
        count(*) over (partition by {{ left }}) = 1
        and count(*) over (partition by {{ right }}) = 1 as has_no_rival,
    from {{ candidates }}

),

rounds as (

    select
        {{ left }},
        {{ right }},
        {{ distance }},
        false as is_pair,
    from counted
    where not has_no_rival
    union all
    select
        {{ left }},
        {{ right }},
        {{ distance }},
        is_pair,
    from (
        select
            *,
            bool_or(is_pair or left_nearest > 1) over (partition by {{ left }})
            or bool_or(is_pair or right_nearest > 1) over (partition by {{ right }})
                as is_settled,
        from (
            select
                *,
                {{ distance }} = least_left
                and {{ distance }} = least_right
                and left_nearest = 1
                and right_nearest = 1 as is_pair,
            from (
                select
                    *,
                    count(*) filter (where {{ distance }} = least_left)
                        over (partition by {{ left }}) as left_nearest,
                    count(*) filter (where {{ distance }} = least_right)
                        over (partition by {{ right }}) as right_nearest,
                from (
                    select
                        {{ left }},
                        {{ right }},
                        {{ distance }},
                        min({{ distance }}) over (partition by {{ left }})
                            as least_left,
                        min({{ distance }}) over (partition by {{ right }})
                            as least_right,
                    from rounds
                    where not is_pair
                )
            )
        )
    )
    where is_pair or not is_settled

)

select
    {{ left }},
    {{ right }},
from rounds
where is_pair
union all
select
    {{ left }},
    {{ right }},
from counted
where has_no_rival
{%- endmacro %}
