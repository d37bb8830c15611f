"""The one family of errors a person may meet, each saying where it happened and what to do next.

Modules of `lib` subclass `KuraError`; the command line prints its parts and never a traceback.
"""

from __future__ import annotations


class KuraError(Exception):
    """Something a person can act on.

    message: what is wrong, in one sentence.
    where: the file, key, record, check or release it concerns.
    remedy: what to do next.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, where: str | None = None, remedy: str | None = None
    ) -> None:
        self.message = message
        self.where = where
        self.remedy = remedy
        parts = [message]
        if where:
            parts.append(f"where: {where}")
        if remedy:
            parts.append(f"remedy: {remedy}")
        super().__init__(" | ".join(parts))


class ConfigError(KuraError):
    """A configuration file says something that is not allowed; nothing was run."""

    exit_code = 2
