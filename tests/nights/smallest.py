"""The smallest tale that still fails, found a houseful of candidates at a time.

Hypothesis draws the tales, but asks about one smaller candidate after the other; at ten seconds a house
that is an evening. Here a round asks at once about the tale without each of its parts (and, once they are
single pieces, with each of them plainer), then about the steps that succeeded, all or ever fewer together.
Companies of one house are not wholly apart (figures of the house are), so that what is kept of a round
has failed alone, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from tests.nights.tale import Piece, Tale

# Which of these tales fail.
Fails = Callable[[Sequence[Tale]], Sequence[bool]]


@dataclass(frozen=True)
class Step:
    """Towards a smaller tale: pieces that go, one that becomes another, a night less."""

    gone: frozenset[Piece] = field(default_factory=frozenset)
    becomes: tuple[Piece, Piece] | None = None
    nights: int = 0

    def of(self, tale: Tale) -> Tale:
        old, new = self.becomes or (None, None)
        pieces = (new if piece == old and new else piece for piece in tale.pieces)
        return replace(
            tale,
            nights=max(1, tale.nights - self.nights),
            pieces=tuple(piece for piece in pieces if piece not in self.gone),
        )


def smallest(tale: Tale, fails: Fails, at_once: int) -> Tale:
    """A tale none of whose pieces can be left away or made plainer; `tale` itself fails."""
    size = -(-len(tale.pieces) // at_once)
    while True:
        smaller = _after_a_round(tale, list(_steps(tale, size)), fails, at_once)
        if smaller == tale and size == 1:
            return tale
        if smaller == tale or len(smaller.pieces) <= at_once:
            size = -(-size // 3)
        tale = smaller


def _steps(tale: Tale, size: int) -> Iterator[Step]:
    for start in range(0, len(tale.pieces), size):
        yield Step(frozenset(tale.pieces[start : start + size]))
    if size == 1:
        if tale.nights > 1:
            yield Step(nights=1)
        for piece in tale.pieces:
            yield from (Step(becomes=(piece, plainer)) for plainer in piece.simpler())


def _after_a_round(tale: Tale, steps: Sequence[Step], fails: Fails, at_once: int) -> Tale:
    """The tale after as many of the steps as can be gone together."""
    each = [step.of(tale) for step in steps]
    verdicts = _asked(each, fails, at_once)
    good = [step for step, is_failing in zip(steps, verdicts, strict=True) if is_failing]
    together = list(accumulate(good, lambda before, step: step.of(before), initial=tale))
    if fails(together[-1:])[0]:
        return together[-1]
    verdicts = _asked(together, fails, at_once)
    failing = [one for one, is_failing in zip(together, verdicts, strict=True) if is_failing]
    return next((one for one in reversed(failing) if fails([one])[0]), tale)


def _asked(tales: Sequence[Tale], fails: Fails, at_once: int) -> list[bool]:
    return [
        verdict
        for start in range(0, len(tales), at_once)
        for verdict in fails(tales[start : start + at_once])
    ]
