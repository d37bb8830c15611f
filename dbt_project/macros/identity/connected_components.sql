{# Connected components of an undirected graph given as rows (node, other): one row per node
   with `component`, the smallest node it can reach. `edges` names a CTE or relation.
   Nearly all components are two nodes that have only each other: they are told by their neighbours, and
   only the others walk. The engine keeps one row per node (USING KEY), so long merge chains stay
   linear in memory. #}
{% macro connected_components(edges) -%}
with recursive both_ways as (

    select
        node,
        other
    from {{ edges }}
    union all
    select
        other as node,
        node as other
    from {{ edges }}

),

neighbours as (

    select
        node,
        min(other) as other,
        min(other) = max(other) as is_the_only_one
    from both_ways
    group by node

),

couples as (

    select
        neighbours.node,
        least(neighbours.node, neighbours.other) as component
    from neighbours
    inner join neighbours as theirs
        on neighbours.other = theirs.node
    where
        neighbours.is_the_only_one
        and theirs.is_the_only_one

),

ways as (

    select both_ways.*
    from both_ways
    anti join couples
        on both_ways.node = couples.node

),

labels (node, component) using key (node) as (

    select
        ways.node,
        least(ways.node, min(ways.other)) as component
    from ways
    group by ways.node
    union
    select
        ways.other as node,
        min(labels.component) as component
    from labels
    inner join ways
        on labels.node = ways.node
    inner join recurring.labels as known
        on ways.other = known.node
    where labels.component < known.component
    group by ways.other

)

select
    node,
    component
from couples
union all
select
    node,
    component
from labels
{%- endmacro %}
