"""The one door Dagster enters by: everything under `defs/`, by folder, nothing by name."""

from __future__ import annotations

import warnings

import dagster as dg

from dagster_project import defs
from dagster_project.defs.resources import EXECUTOR, RESOURCES

with warnings.catch_warnings():
    # Known and accepted: the loader is in preview, and the version of dagster is pinned.
    warnings.simplefilter("ignore", category=dg.PreviewWarning)
    definitions = dg.load_definitions_from_package_module(
        defs, resources=RESOURCES, executor=EXECUTOR
    )
