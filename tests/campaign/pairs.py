"""Two at once: what else may be asked of a house while a night is at work in it.

A second night and a rollback are refused with exit code 4, at once and in words; status, releases, a query
and a dry read of the sources are answered. The night itself is not disturbed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dagster_project.settings import House
from tests.campaign.kills import Watched
from tests.campaign.onlooker import look
from tests.conftest import kpi

_REFUSED = (("run",), ("rollback",))
_ANSWERED = (
    ("status",),
    ("releases",),
    ("query", "select release_id from release"),
    ("sources", "check"),
    ("quarantine", "list"),
)


@dataclass
class Tally:
    """What was tried and what was found."""

    refused: int = 0
    answered: int = 0
    problems: list[str] = field(default_factory=list)

    def told(self) -> str:
        return (
            f"beside a night: second nights and rollbacks refused {self.refused}, other commands "
            f"answered {self.answered}; problems {len(self.problems)}"
        )


def beside(house: House, stages: tuple[str, ...], tally: Tally) -> None:
    """One night with everything else beside it, begun in each of these stages. It must publish."""
    before = look(house.root).release_id
    with Watched(house, ("run",)) as watched:
        for stage in stages:
            if watched.wait_for(stage) is None:
                tally.problems.append(f"{stage} never began: {watched.end()[1][-800:]}")
                return
            for asked in (*_REFUSED, *_ANSWERED):
                said = kpi(house.root, *asked)
                is_refused = said.code == 4 and "Another night is running" in said.err
                if watched.has_ended():
                    break  # too late to be beside it
                if asked in _REFUSED:
                    tally.refused += is_refused
                else:
                    tally.answered += said.code == 0
                if is_refused != (asked in _REFUSED) or (asked not in _REFUSED and said.code):
                    tally.problems.append(f"{asked} in {stage}: {said.code} {said.err[-500:]}")
        code, told = watched.end()
    if code != 0:
        tally.problems.append(f"the night beside which others were asked ended: {told[-1500:]}")
    after = look(house.root)
    tally.problems += after.problems
    if after.release_id == before:
        tally.problems.append("the night published nothing")
