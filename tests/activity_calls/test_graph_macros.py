"""The two recursive macros against plain Python: components of a graph, mutual nearest pairs."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import jinja2
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.settings import DBT_PROJECT

_MACROS = Path(DBT_PROJECT) / "macros"
_NODES = st.sampled_from([f"n{i}" for i in range(12)])
_PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 6)),
    max_size=20,
    unique_by=lambda pair: pair[:2],
)


def _sql(path: str, macro: str, *arguments: str) -> str:
    module = jinja2.Environment().from_string((_MACROS / path).read_text("utf-8")).module
    return str(getattr(module, macro)(*arguments))


def _components(edges: list[tuple[str, str]]) -> dict[str, str]:
    label = {node: node for edge in edges for node in edge}
    for _ in label:
        for one, other in edges:
            label[one] = label[other] = min(label[one], label[other])
    return label


def _mutual_nearest(pairs: list[tuple[int, int, int]]) -> set[tuple[int, int]]:
    """Rounds as formats 6.9 describes them, written without SQL."""
    left, found = set(pairs), set()
    while left:
        nearest: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
        for side, at in (("call", 0), ("task", 1)):
            for pair in left:
                known = nearest[(side, pair[at])]
                if not known or pair[2] < known[0][2]:
                    nearest[(side, pair[at])] = [pair]
                elif pair[2] == known[0][2]:
                    known.append(pair)
        gone = {who for who, best in nearest.items() if len(best) > 1}
        for pair in left:
            sides = ("call", pair[0]), ("task", pair[1])
            if all(nearest[side] == [pair] for side in sides):
                found.add(pair[:2])
                gone |= set(sides)
        left = {p for p in left if ("call", p[0]) not in gone and ("task", p[1]) not in gone}
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_NODES, _NODES).filter(lambda edge: edge[0] != edge[1]), max_size=14))
def test_records_that_are_linked_by_any_chain_are_one_person(edges: list[tuple[str, str]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table edges (node varchar, other varchar)")
        if edges:
            connection.executemany("insert into edges values (?, ?)", edges)
        sql = _sql("identity/connected_components.sql", "connected_components", "edges")
        rows = connection.execute(sql).fetchall()
    assert dict(rows) == _components(edges)
    assert len(rows) == len({node for edge in edges for node in edge})


@settings(max_examples=60, deadline=None)
@given(_PAIRS)
def test_calls_and_activities_are_paired_as_the_rounds_say(
    pairs: list[tuple[int, int, int]],
) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table pairs (call integer, task integer, gap integer)")
        if pairs:
            connection.executemany("insert into pairs values (?, ?, ?)", pairs)
        sql = _sql("calls/mutual_nearest.sql", "mutual_nearest", "pairs", "call", "task", "gap")
        found = connection.execute(sql).fetchall()
    assert len(found) == len(set(found))
    assert set(found) == _mutual_nearest(pairs)
