"""`mf` as a process of its own, without its question to the package index whether there is a newer one.

No part of this product needs a network; what else `mf` does is left to it.
"""

from __future__ import annotations

import update_checker
from dbt_metricflow.cli.main import cli


def _never(*_arguments: object, **_keywords: object) -> None:
    """No newer version is looked for."""


if __name__ == "__main__":
    update_checker.UpdateChecker.check = _never
    cli(prog_name="mf")
