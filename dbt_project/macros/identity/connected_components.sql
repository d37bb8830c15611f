{# Connected components of an undirected graph given as rows (node, other): one row per node
   with `component`, the smallest node it can reach. `edges` names a CTE or relation.
   The engine keeps one row per node (USING KEY), so long merge chains stay linear in memory. #}
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

labels (node, component) using key (node) as (

    select
        both_ways.node,
        least(both_ways.node, min(both_ways.other)) as component
    from both_ways
    group by both_ways.node
    union
    select
        both_ways.other as node,
        min(labels.component) as component
    from labels
    inner join both_ways
        on labels.node = both_ways.node
    inner join recurring.labels as known
        on both_ways.other = known.node
    where labels.component < known.component
    group by both_ways.other

)

select
    node,
    component
from labels
{%- endmacro %}
