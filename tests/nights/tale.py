"""How a small company's sayings reach its house: which file holds which, and which night finds it.

A tale is made of pieces that can be left away one by one, so that a failing one can be cut down
(`smallest`). What can be said stands in `world`; writing files and running nights is `houseful`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from hypothesis import strategies as st

from tests.nights.world import EXTRACTS, FIRST_NUMBER, KINDS, PLANNING_TABLES, Saying, world
from tests.nights.world_edits import EDITS

FORMS = ("", ".gz", ".zip")
PARTS = "abc"


@dataclass(frozen=True)
class Told:
    """A saying stands in a file: part a, b or c of an extract of its object."""

    what: str
    extract: int
    part: int = 0

    def simpler(self) -> Iterator[Told]:
        if self.part:
            yield replace(self, part=0)


@dataclass(frozen=True)
class Comes:
    """A file comes late, packed, once more under another name, or is deleted once it was read.

    file: its name without ending. copied: the night a copy comes, packed as copy_form says.
    """

    file: str
    night: int = 1
    form: str = ""
    copied: int | None = None
    copy_form: str = ""
    gone_after: int | None = None

    def simpler(self) -> Iterator[Comes]:
        if self.form:
            yield replace(self, form="")
        if self.copied is not None:
            yield replace(self, copied=None, copy_form="")
        if self.gone_after is not None:
            yield replace(self, gone_after=None)
        if self.night > 1:
            yield replace(self, night=self.night - 1)


@dataclass(frozen=True)
class Edited:
    """An edit of configuration or planning is in force from a night to another."""

    edit: str
    first: int
    last: int

    def simpler(self) -> Iterator[Edited]:
        if self.last > self.first:
            yield replace(self, last=self.first)


Piece = Told | Comes | Edited


@dataclass(frozen=True)
class Tale:
    """One company's pieces. In the last night every file has come and no edit is in force."""

    kind: str
    nights: int
    pieces: tuple[Piece, ...]

    @property
    def told(self) -> tuple[Told, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Told))

    def comes(self, file: str) -> Comes:
        """How a file comes: in the first night, plain, unless a piece says otherwise."""
        found = next(
            (piece for piece in self.pieces if isinstance(piece, Comes) and piece.file == file),
            Comes(file),
        )
        return replace(
            found,
            night=min(found.night, self.nights),
            copied=None if found.copied is None else min(found.copied, self.nights),
        )

    def edits(self, night: int) -> tuple[str, ...]:
        """Edits in force in a night."""
        if night >= self.nights:
            return ()
        return tuple(
            piece.edit
            for piece in self.pieces
            if isinstance(piece, Edited) and piece.first <= night <= piece.last
        )

    def files(self) -> dict[str, list[str]]:
        """Sayings by file (its name without ending), in the order in which they stand there."""
        found: dict[str, list[str]] = defaultdict(list)
        for told in self.told:
            found[file_of(self.kind, told)].append(told.what)
        return dict(found)

    def __str__(self) -> str:
        lines = [f"A company with {self.kind} and a telephone, {self.nights} nights:"]
        for file, sayings in self.files().items():
            comes = self.comes(file)
            lines.append(f"  night {comes.night}: {file}{comes.form} holds " + "; ".join(sayings))
            if comes.copied is not None:
                lines.append(f"  night {comes.copied}: the same as '{copy_of(comes)}'")
            if comes.gone_after is not None:
                lines.append(f"  after night {comes.gone_after} it is deleted")
        late = [self.comes(table) for table in PLANNING_TABLES]
        lines += [
            f"  night {comes.night}: planning/{comes.file}" for comes in late if comes.night > 1
        ]
        lines += [
            f"  nights {piece.first} to {piece.last}: {piece.edit}"
            for piece in self.pieces
            if isinstance(piece, Edited)
        ]
        return "\n".join(lines)


def copy_of(comes: Comes) -> str:
    return f"{comes.file} copy{comes.copy_form}"


def file_of(kind: str, told: Told) -> str:
    """Name of the file a saying stands in, without its ending."""
    name = saying(kind, told.what).object_name.partition(".")[2]
    stem = {"webhook_calls": "calls_ended", "history_rows": "history"}.get(name, name)
    return f"{stem}_{EXTRACTS[told.extract]:%Y%m%d}_{PARTS[told.part]}"


def saying(kind: str, what: str) -> Saying:
    return world(kind, FIRST_NUMBER).sayings[what]


def whole(kind: str) -> Tale:
    """Everything there is to say, in the first extract that can hold it, one night."""
    return Tale(
        kind,
        1,
        tuple(
            Told(what, one.extracts[0]) for what, one in world(kind, FIRST_NUMBER).sayings.items()
        ),
    )


def at_once(tale: Tale) -> Tale:
    """The same files, none of them late or deleted."""

    def punctual(piece: Piece) -> Piece:
        if not isinstance(piece, Comes):
            return piece
        copied = None if piece.copied is None else 1
        return replace(piece, night=1, copied=copied, gone_after=None)

    return replace(tale, nights=1, pieces=tuple(map(punctual, tale.pieces)))


def gathered(tale: Tale) -> Tale:
    """The same sayings of the same extracts in one file per object and extract, found in one night."""
    told = dict.fromkeys(Told(piece.what, piece.extract) for piece in tale.told)
    return Tale(tale.kind, 1, tuple(told))


@cache
def _names(kind: str) -> tuple[str, ...]:
    return tuple(world(kind, FIRST_NUMBER).sayings)


@st.composite
def tales(draw: st.DrawFn) -> Tale:
    """Any tale of any kind of company."""
    kind = draw(st.sampled_from(["portal", *KINDS]))
    nights = draw(st.sampled_from([3, 2, 4, 1]))
    # Few sayings, too: where everything is said, merges make one person of all.
    names = draw(st.permutations(_names(kind)))
    told = [draw(_told(kind, what)) for what in names[: draw(st.integers(8, len(names)))]]
    again = draw(
        st.lists(st.sampled_from(_names(kind)).flatmap(lambda what: _told(kind, what)), max_size=8)
    )
    told = list(dict.fromkeys(told + again))
    files = sorted({file_of(kind, one) for one in told})
    comes = [draw(_comes(file, nights)) for file in files]
    comes += [Comes(table, draw(st.integers(1, nights))) for table in PLANNING_TABLES]
    edited: list[Edited] = []
    if nights > 1:
        edited = draw(
            st.lists(_edited(kind, nights), max_size=4, unique_by=lambda piece: piece.edit)
        )
    pieces: tuple[Piece, ...] = (
        *told,
        *(piece for piece in comes if piece != Comes(piece.file)),
        *edited,
    )
    return Tale(kind, nights, pieces)


@st.composite
def _told(draw: st.DrawFn, kind: str, what: str) -> Told:
    extracts = saying(kind, what).extracts
    return Told(what, draw(st.sampled_from(extracts)), draw(st.sampled_from([0, 0, 1, 2])))


@st.composite
def _comes(draw: st.DrawFn, file: str, nights: int) -> Comes:
    night = draw(st.integers(1, nights))
    is_copied = draw(st.sampled_from([False, False, False, True]))
    gone = draw(st.sampled_from([False, False, False, True]))
    return Comes(
        file,
        night,
        draw(st.sampled_from(["", "", *FORMS])),
        draw(st.integers(1, nights)) if is_copied else None,
        draw(st.sampled_from(FORMS)) if is_copied else "",
        draw(st.integers(night, nights - 1)) if gone and night < nights else None,
    )


def _edited(kind: str, nights: int) -> st.SearchStrategy[Edited]:
    earlier = st.integers(1, nights - 1)
    names = sorted(name for name, edit in EDITS.items() if kind in edit.kinds)
    return st.tuples(st.sampled_from(names), earlier, earlier).map(
        lambda drawn: Edited(drawn[0], min(drawn[1:]), max(drawn[1:]))
    )
