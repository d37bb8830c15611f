"""What the machine does to a library is told in plain words; what is our fault is not hidden by them."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest

from dagster_project.lib.errors import of_the_machine


def raised(outer: Exception, inner: Exception) -> Exception:
    """`outer`, as a library raises it over `inner`."""
    try:
        raise outer from inner
    except Exception as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("Could not write file: No space left on device"),
        duckdb.OutOfMemoryException("failed to allocate"),
        sqlite3.OperationalError("database or disk is full"),
        raised(RuntimeError("could not store the event"), sqlite3.OperationalError("disk is full")),
        raised(RuntimeError("step failed"), OSError(28, "No space left on device")),
    ],
)
def test_a_full_disk_is_told_in_plain_words_whoever_met_it(error: Exception) -> None:
    told = of_the_machine(error)
    assert told is not None
    assert told.remedy
    assert "\n" not in told.message


@pytest.mark.parametrize(
    "error", [duckdb.BinderException("no such column"), ValueError("x"), RuntimeError("x")]
)
def test_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    assert of_the_machine(error) is None
