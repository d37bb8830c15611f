{# One-to-one pairs out of candidate pairs, in rounds: two sides that are each other's nearest
   are a pair and leave; who has two nearest at the same distance leaves unpaired, because
   choosing would be guessing. Ends when nobody is left. Most candidates have one partner only and
   never enter a round. #}
{% macro mutual_nearest(candidates, left, right, distance) -%}
with recursive of_one_left as (

    select {{ left }}
    from {{ candidates }}
    group by {{ left }}
    having count(*) = 1

),

of_one_right as (

    select {{ right }}
    from {{ candidates }}
    group by {{ right }}
    having count(*) = 1

),

without_rival as (

    select
        candidates.{{ left }},
        candidates.{{ right }},
    from {{ candidates }} as candidates
    inner join of_one_left
        on candidates.{{ left }} = of_one_left.{{ left }}
    inner join of_one_right
        on candidates.{{ right }} = of_one_right.{{ right }}

),

rounds as (

    select
        candidates.{{ left }},
        candidates.{{ right }},
        candidates.{{ distance }},
        false as is_pair,
    from {{ candidates }} as candidates
    anti join without_rival
        on
            candidates.{{ left }} = without_rival.{{ left }}
            and candidates.{{ right }} = without_rival.{{ right }}
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
from without_rival
{%- endmacro %}
