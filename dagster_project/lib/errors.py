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


def of_the_machine(error: BaseException) -> KuraError | None:
    """What the machine did to a library (a full disk, no memory) in our words; None for anything else.

    DuckDB, SQLite and SQLAlchemy follow Python's DB-API, whose OperationalError is what "the programmer
    does not control": https://peps.python.org/pep-0249/#operationalerror
    """
    cause: BaseException | None = error
    while cause is not None:
        names = {kind.__name__ for kind in type(cause).__mro__}
        if names & {"OperationalError", "FatalException"} or isinstance(cause, OSError):
            return KuraError(
                (str(cause).splitlines() or [type(cause).__name__])[0],
                remedy="Check that the disk and the memory have room, then run it again; nothing is lost.",
            )
        cause = cause.__cause__
    return None
