"""What marketing's tools write: HubSpot contacts, mails with opens by people and by scanners, forms,
webinar participation, and the badges an exhibition scans."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any, Final

from tests.simulator import identifiers
from tests.simulator.office import Office, Person
from tests.simulator.world import utc

_HOUR: Final = 3600


class Marketing(Office):
    """Marketing automation and the exhibition organiser."""

    def _marketing_person(
        self, person: Person, at: datetime, day: date, rng: random.Random
    ) -> None:
        key = person.channel.key
        self.hubspot_id += 3
        page = "https://www.minamo.example.com/" + {
            "ads": "lp?utm_source=google&utm_medium=cpc&utm_campaign=brand",
            "web_form": "contact?utm_source=google&utm_medium=organic",
            "download": "whitepaper",
        }.get(key, "event")
        iso = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        source = {"ads": "PAID_SEARCH", "web_form": "ORGANIC_SEARCH"}.get(key, "OFFLINE")
        person.hubspot = {
            "id": str(self.hubspot_id),
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
            "properties": {
                "hs_object_id": str(self.hubspot_id),
                "email": (person.email or "").lower(),
                "firstname": person.first,
                "lastname": person.last,
                "company": person.company.name,
                "jobtitle": person.title,
                "phone": identifiers.typed(rng, person.digits) if rng.random() < 0.6 else "",
                "hubspotscore": str(round(rng.uniform(5, 60))),
                "lifecyclestage": (
                    "marketingqualifiedlead"
                    if person.lead is not None and person.lead["Status"] == "MQL"
                    else "lead"
                ),
                "hs_analytics_source": source,
                "hs_analytics_first_url": page,
                "first_conversion_date": iso,
                "hs_email_optout": "false",
                "createdate": iso,
                "lastmodifieddate": iso,
                # The standard Salesforce connection keeps the id on most contacts, not on all.
                "salesforceleadid": person.who if rng.random() < 0.7 else None,
            },
        }
        self.hubspot_dirty[person.hubspot["id"]] = person.hubspot
        self._human(person).hubspot_ids.append(person.hubspot["id"])
        if len(self.newsletter) < 4000:
            self.newsletter.append(person)
        if key in ("ads", "web_form", "download"):
            self.marketing["form_submissions"].append(
                {
                    "conversionId": identifiers.new_uuid(rng),
                    "submittedAt": at,
                    "formId": {"download": "form-whitepaper"}.get(key, "form-contact"),
                    "pageUrl": page,
                    "values": [
                        {"name": "email", "value": person.email},
                        {"name": "company", "value": person.company.name},
                    ],
                }
            )
        if key == "webinar":
            draw = rng.random()
            for state, later in (
                ("REGISTERED", 0),
                ("ATTENDED" if draw < 0.6 else "NO_SHOW" if draw < 0.92 else "CANCELLED", 7),
            ):
                moment = at + timedelta(days=later)
                if later and day + timedelta(days=later) > self.plan.as_of:
                    continue
                attended = state == "ATTENDED"
                self.marketing["event_participations"].append(
                    {
                        "id": f"{self.hubspot_id}{later}",
                        "associations": {
                            "contact": {
                                "contactId": person.hubspot["id"],
                                "email": person.email,
                            },
                            "marketingEvent": {
                                "marketingEventId": f"{day.year}{day.month:02d}01",
                                "externalEventId": f"webinar-{day.year}-{day.month:02d}",
                                "name": person.campaign,
                            },
                        },
                        "properties": {
                            "attendanceState": state,
                            "occurredAt": moment,
                            "attendanceDurationSeconds": rng.randrange(600, 3600)
                            if attended
                            else None,
                            "attendancePercentage": "0.8" if attended else None,
                        },
                    }
                )

    def _newsletter(self, day: date, rng: random.Random) -> None:
        """One marketing mail a month, with opens by people and by scanners."""
        campaign = 5_000_000 + day.year * 100 + day.month
        readers = [p for p in self.newsletter if p.hubspot is not None and rng.random() < 0.5]
        for person in readers:
            at = utc(day, 8 * _HOUR + rng.randrange(600))
            send = identifiers.new_uuid(rng)

            def event(
                kind: str,
                later: int,
                number: int,
                person: Person = person,
                send: str = send,
                at: datetime = at,
                **more: Any,
            ) -> None:
                moment = at + timedelta(seconds=later)
                if moment >= utc(self.plan.as_of + timedelta(days=1), 0):
                    return
                event_id = send if kind == "SENT" else identifiers.sibling_uuid(send, number)
                self.marketing["email_events"].append(
                    {
                        "id": event_id,
                        "created": moment,
                        "type": kind,
                        "recipient": person.email,
                        "portalId": 990001,
                        "appId": 113,
                        "emailCampaignId": campaign,
                        "sentBy": None if kind == "SENT" else {"id": send},
                        "filteredEvent": False,
                        **more,
                    }
                )

            event("SENT", 0, 0)
            draw = rng.random()
            if draw < 0.03:
                event("BOUNCE", 30, 1, category="UNKNOWN_USER")
                continue
            event("DELIVERED", 20, 2)
            if rng.random() < 0.12:
                event("OPEN", 25, 3, filteredEvent=True)
                event("CLICK", 27, 4, filteredEvent=True, url="https://www.minamo.example.com/bot")
            if rng.random() < 0.33:
                event("OPEN", rng.randrange(300, 90_000), 5)
                if rng.random() < 0.25:
                    event("OPEN", rng.randrange(90_000, 180_000), 6)
                if rng.random() < 0.2:
                    event(
                        "CLICK",
                        rng.randrange(400, 180_000),
                        7,
                        url="https://www.minamo.example.com/case?utm_source=newsletter&utm_medium=email",
                    )
            if rng.random() < 0.004:
                event("STATUSCHANGE", 3600, 8, portalSubscriptionStatus="UNSUBSCRIBED")

    def _lifecycle(self, person: Person, stage: str, at: datetime) -> None:
        if person.hubspot is not None:
            properties = person.hubspot["properties"]
            properties["lifecyclestage"] = stage
            properties["lastmodifieddate"] = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            person.hubspot["updatedAt"] = at
            self.hubspot_dirty[person.hubspot["id"]] = person.hubspot

    def _badge(self, person: Person, day: date, seconds: int, rng: random.Random) -> None:
        """The exhibition's organiser scans badges and sends a spreadsheet of its own."""
        if person.email is None or rng.random() < 0.2:
            return
        self.badge_count += 1
        self.badges.append(
            {
                "lead_id": f"EXPO{day:%Y%m}-{self.badge_count:04d}",
                "full_name": f"{person.last} {person.first}",
                "company_name": person.company.name,
                "job_title": person.title or None,
                "email_raw": person.email,
                "phone_raw": identifiers.typed(rng, person.digits),
                "created_at": utc(day, seconds),
            }
        )
        self._human(person).lead_ids.append(self.badges[-1]["lead_id"])
