"""A person may accept a surprise, for a while and by name; never an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from dagster_project.lib import acceptances, releases, suites
from dagster_project.lib.acceptances import AcceptanceError
from dagster_project.lib.audit import Audit
from dagster_project.lib.releases import PublicationRefused
from dagster_project.settings import EXPECTATIONS
from tests.gate.company import Company

SURPRISE = "fct_calls.talk_is_humanly_long"
ERROR = "fct_calls.connect_is_a_reached_human"


def judged_again(surprised: Company) -> Audit:
    surprised.build()
    return surprised.judge()


@pytest.fixture
def surprised(untouched: Company, copy_of: Callable[[Company], Company]) -> Company:
    """A company whose people suddenly talk for hours."""
    copy = copy_of(untouched)
    copy.change(
        "update marts.fct_calls set talk_seconds = talk_seconds * 100 where is_human_reached",
        "update marts.kpi_rep_daily set talk_seconds = talk_seconds * 100, "
        "connect_talk_seconds = connect_talk_seconds * 100",
    )
    return copy


def test_an_accepted_surprise_is_published_and_shown(surprised: Company) -> None:
    acceptances.accept(
        surprised.house, SURPRISE, reason="研修の週", by="田中", until=date(2026, 6, 30)
    )
    audit = judged_again(surprised)
    assert [check.id for check in audit.accepted] == [SURPRISE]
    assert audit.verdict == "passed"
    release = releases.publish(surprised.house, surprised.settings)
    assert release.accepted_exceptions == 1
    assert "研修の週" in (release.path / "audit.html").read_text(encoding="utf-8")


def test_an_acceptance_ends_with_its_last_as_of_day(surprised: Company) -> None:
    acceptances.accept(
        surprised.house, SURPRISE, reason="研修の週", by="田中", until=date(2026, 6, 29)
    )
    audit = judged_again(surprised)
    assert [check.id for check in audit.refusals] == [SURPRISE]
    with pytest.raises(PublicationRefused) as refused:
        releases.publish(surprised.house, surprised.settings)
    assert SURPRISE in str(refused.value)
    assert "kpi gate accept" in str(refused.value)
    assert refused.value.checks[0].can_be_accepted


def test_an_acceptance_taken_back_no_longer_publishes(surprised: Company) -> None:
    acceptances.accept(
        surprised.house, SURPRISE, reason="研修の週", by="田中", until=date(2026, 6, 30)
    )
    judged_again(surprised)
    surprised.house.acceptances.unlink()
    with pytest.raises(PublicationRefused, match="Nobody has accepted"):
        releases.publish(surprised.house, surprised.settings)


def test_an_error_can_never_be_accepted(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    for check in (ERROR, "reconciliation.required_sources_cover_the_day", "dbt.every_test_passed"):
        with pytest.raises(AcceptanceError, match="integrity"):
            acceptances.accept(house, check, reason="x", by="y", until=date(2027, 1, 1))
    assert acceptances.read(house) == ()


def test_a_warning_needs_no_acceptance_and_takes_none(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    warnings = suites.warning_ids(EXPECTATIONS)
    assert warnings
    assert not warnings & acceptances.acceptable()
    for check in (sorted(warnings)[0], "reconciliation.no_file_is_rejected"):
        with pytest.raises(AcceptanceError, match="never holds a release back"):
            acceptances.accept(house, check, reason="x", by="y", until=date(2027, 1, 1))
    assert acceptances.read(house) == ()


def test_an_unknown_check_cannot_be_accepted(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    with pytest.raises(AcceptanceError, match="no check called"):
        acceptances.accept(
            copy_of(untouched).house, "fct_calls.vibes", reason="x", by="y", until=date(2027, 1, 1)
        )


def test_an_acceptance_needs_a_reason_and_a_name(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    with pytest.raises(AcceptanceError, match="reason and a name"):
        acceptances.accept(house, SURPRISE, reason="  ", by="田中", until=date(2027, 1, 1))


def test_acceptances_are_only_ever_appended(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    for day in (1, 2):
        acceptances.accept(house, SURPRISE, reason=f"{day}", by="田中", until=date(2027, 1, day))
    assert [item.reason for item in acceptances.read(house)] == ["1", "2"]
    assert acceptances.holding(acceptances.read(house), SURPRISE, date(2027, 1, 2)) is not None
    assert acceptances.holding(acceptances.read(house), SURPRISE, date(2027, 1, 3)) is None


def test_a_reason_pasted_with_line_breaks_of_any_kind_stays_one_line(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    reason = "研修\u2028の\x85週\x0cです\nよ"
    acceptances.accept(house, SURPRISE, reason=reason, by="田中", until=date(2026, 6, 30))
    assert [item.reason for item in acceptances.read(house)] == [reason]


def test_a_line_that_is_no_text_is_named(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    house = copy_of(untouched).house
    house.state.mkdir(exist_ok=True)
    house.acceptances.write_bytes(b"\n\xff\xfe\x81\n")
    with pytest.raises(AcceptanceError, match="line 2"):
        acceptances.read(house)


def test_a_damaged_line_is_named(untouched: Company, copy_of: Callable[[Company], Company]) -> None:
    house = copy_of(untouched).house
    house.acceptances.write_text('{"check": "x"\n')
    with pytest.raises(AcceptanceError, match="line 1"):
        acceptances.read(house)
