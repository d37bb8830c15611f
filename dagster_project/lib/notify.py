"""Notices about nights, through Apprise, to wherever the environment says.

The URLs hold secrets, so they live in the environment variable that `notify.urls_variable` names (several,
separated by spaces) and never appear in a message, log line or Dagster event. Texts carry no personal data:
run, day, verdict and the ids of failed checks only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date

from dagster_project.settings import Settings


class Notice:
    """What happened to one night, in a subject and a body fit for any channel."""

    def __init__(self, subject: str, body: str, *, success: bool) -> None:
        self.subject = subject
        self.body = body
        self.success = success


def about_night(
    run_id: str, as_of: date, failure: BaseException | None, refused: Sequence[str] = ()
) -> Notice:
    """The notice of a night that ended. refused: ids of the checks that refused it."""
    if failure is None:
        return Notice(
            f"KPI Kura: {as_of} is published", f"Run {run_id} passed every check.", success=True
        )
    why = f"Refused by: {', '.join(refused)}." if refused else f"{type(failure).__name__}."
    return Notice(
        f"KPI Kura: {as_of} is NOT published",
        f"Run {run_id}. {why} Readers keep the release before it. Details: kpi status, kpi run.",
        success=False,
    )


def about_no_night(error: BaseException) -> Notice:
    """The notice of a night that did not even start."""
    return Notice(
        "KPI Kura: the night did NOT start",
        f"{type(error).__name__}. Readers keep the release before it. Details: kpi run.",
        success=False,
    )


def send(settings: Settings, notice: Notice, environment: Mapping[str, str] | None = None) -> bool:
    """Send `notice` where the settings want it. Returns False when a configured channel refused it.

    Without configured URLs, or when the settings do not ask for this kind of notice, nothing is sent and
    the result is True.
    """
    wanted = settings.notify.on_success if notice.success else settings.notify.on_failure
    urls = (os.environ if environment is None else environment).get(
        settings.notify.urls_variable, ""
    )
    if not wanted or not urls.strip():
        return True
    import apprise

    channel = apprise.Apprise()
    accepted = [channel.add(url) for url in urls.split()]
    kind = apprise.NotifyType.SUCCESS if notice.success else apprise.NotifyType.FAILURE
    sent = channel.notify(title=notice.subject, body=notice.body, notify_type=kind)
    return bool(all(accepted) and sent)
