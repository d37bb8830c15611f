"""YAML in which nothing is overruled in silence: a key that stands twice is an error."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from dagster_project.lib.errors import ConfigError


class _NoRepeats(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.YAMLError(f"a list or mapping is no key ({key_node.start_mark})")
            if key in seen:
                raise yaml.YAMLError(f"the key {key!r} stands twice ({key_node.start_mark})")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def parse(text: str) -> Any:
    """The document as Python values. Raises yaml.YAMLError."""
    try:
        return yaml.load(text, Loader=_NoRepeats)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        # What the loader falls over when a value is not what its tag or its look says.
        raise yaml.YAMLError(f"a value makes no sense: {error}") from error
    except RecursionError as error:
        raise yaml.YAMLError("too many lists or mappings inside each other") from error


def read_configuration(path: Path) -> Any:
    """A configuration file's document; an empty file is an empty mapping. Raises ConfigError."""
    try:
        return parse(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The file is not valid YAML: {error}", where=str(path), remedy="Correct the YAML."
        ) from error
