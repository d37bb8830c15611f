"""The doors of the house: who may know whom. Each failure names the file and what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "dagster_project"
HOUSE_FOLDERS = {
    "config", "exports", "raw", "quarantine", "work", "published", "state", "logs",
    "house.yml", "sources.yml", "warehouse.duckdb", "releases", "current",
}  # fmt: skip
TOP_LEVEL = {
    "dagster_project", "dbt_project", "data", "expectations", "tests", "pyproject.toml", "README.md",
    "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "requirements.lock", ".sqlfluff", ".ci",
    ".gitignore",
}  # fmt: skip


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(PACKAGE / "lib"), ids=lambda path: path.name)
def test_lib_never_imports_dagster(path: Path) -> None:
    guilty = [name for name in imports(path) if name.split(".")[0] in {"dagster", "dagster_dbt"}]
    assert not guilty, f"{path.name} imports {guilty}: move what needs Dagster to defs/"


@pytest.mark.parametrize("path", modules(PACKAGE / "defs"), ids=lambda path: path.name)
def test_defs_modules_never_import_each_other(path: Path) -> None:
    guilty = [name for name in imports(path) if name.startswith("dagster_project.defs.")]
    assert not guilty, f"{path.name} imports {guilty}: let them meet through asset keys"


@pytest.mark.parametrize(
    "path",
    [path for path in modules(PACKAGE) if path.name != "settings.py"],
    ids=lambda path: path.name,
)
def test_no_file_outside_settings_builds_a_path_inside_the_house(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and isinstance(node.right, ast.Constant)
            and isinstance(node.left, ast.Attribute)
            and node.left.attr in {"root", "house"}
        ):
            assert node.right.value not in HOUSE_FOLDERS, (
                f"{path.name}:{node.lineno} builds {node.right.value!r}: add a property to House"
            )


def test_the_definitions_name_no_single_asset() -> None:
    allowed = {"dagster_project", "dagster_project.defs"}
    for name in imports(PACKAGE / "definitions.py"):
        if name.startswith("dagster_project"):
            assert name in allowed or name.startswith("dagster_project.defs"), name


def test_the_top_level_holds_only_what_was_agreed() -> None:
    tracked = {
        path.name
        for path in PROJECT.iterdir()
        if path.name not in {".git", ".venv", "build"}
        and not path.name.endswith((".egg-info", "_cache"))
        and path.name != ".hypothesis"
    }
    assert tracked <= TOP_LEVEL, f"not agreed on: {sorted(tracked - TOP_LEVEL)}"


def test_every_published_table_has_a_suite_and_every_suite_a_table() -> None:
    tables = {path.stem for path in (PROJECT / "dbt_project" / "models" / "marts").glob("*.sql")}
    suites = {path.stem for path in (PROJECT / "expectations").glob("*.yml")}
    assert tables == suites


def test_the_sql_behind_staging_is_the_same_in_every_house() -> None:
    """What a model would ask of a house while it is compiled; `tests.nights.quick` lives by this."""
    asked = re.compile(
        r"\b(run_query|statement|load_result|env_var|var)\(|\badapter\.|\bflags\.[A-Z]"
    )
    dbt = PROJECT / "dbt_project"
    for path in sorted([*(dbt / "models").rglob("*.sql"), *(dbt / "macros").rglob("*.sql")]):
        if {"staging", "cast", "build"}.isdisjoint(path.parts):
            found = asked.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.name}: {found[0]}: join a table of raw_kura instead"
