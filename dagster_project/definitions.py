"""The one door Dagster enters by: everything under `defs/`, by folder, nothing by name."""

from __future__ import annotations

import dagster as dg

from dagster_project import defs
from dagster_project.defs.resources import EXECUTOR, RESOURCES

definitions = dg.load_definitions_from_package_module(defs, resources=RESOURCES, executor=EXECUTOR)
