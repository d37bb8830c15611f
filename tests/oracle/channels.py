"""Where a person came from, and what touched it since (dictionary §5).

Choices where the text is silent: rules compare with the match key (full-width, case and spaces do
not matter); the smallest `priority` wins; a `campaign_name` or `campaign_type` rule looks at the
person's first campaign; a marketing-only person is judged by its `original_source` and the
utm values of its first page. A touch is judged
by what it knows itself: the making of a lead by the record, a membership or a seminar by its campaign, a
form or a click by its utm values; one that says nothing came through no channel, and is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tests.oracle.marketing import Activity, utm_of
from tests.oracle.normalise import local_date, match_key, salesforce_id
from tests.oracle.persons import Person, PersonRecord, Persons
from tests.oracle.records import Records, versions_of

UNLINKED, UNMAPPED, NONE = "(unlinked)", "(unmapped)", "(none)"

_FIELDS = {
    "utm_source": "utm_source__c",
    "utm_medium": "utm_medium__c",
    "utm_campaign": "utm_campaign__c",
    "lead_source": "LeadSource",
}


@dataclass(frozen=True)
class Touch:
    """A person became a member of a campaign."""

    at: datetime
    member_id: str
    campaign: str
    campaign_type: str | None


Line = tuple[str, str, str]  # channel group, channel, campaign

_VOLUNTARY = {
    "form_submitted", "email_clicked", "webinar_registered", "webinar_attended", "webinar_no_show",
}  # fmt: skip


@dataclass(frozen=True)
class ChannelTouch:
    """A touch that says where it came from. Of one instant the one with a campaign is the later."""

    at: datetime
    day: date
    line: Line
    id: str

    @property
    def place(self) -> tuple[datetime, bool, str]:
        return self.at, self.line[2] != NONE, self.id


class Channels:
    """The channel of every person and the campaign of every moment."""

    def __init__(self, records: Records, persons: Persons) -> None:
        self._rules = sorted(
            records.get("planning.channel_rules", ()), key=lambda rule: int(rule["priority"])
        )
        self._persons = persons
        self._touches = _touches(records, persons)

    def of_lead(self, record: PersonRecord, person: Person) -> tuple[str, str]:
        """(channel group, channel) of a lead record's own fields."""
        headers = {
            column: record.source.custom_fields.get(column, header)
            for column, header in _FIELDS.items()
        }
        said = {column: record.fields.get(header) for column, header in headers.items()}
        return self._judge(said, person)

    def of_person(self, person: Person | None) -> tuple[str, str]:
        """First touch: the earliest lead record; never a lead: the earliest contact's source. Of
        deleted records the lead's, which says more."""
        if person is None:
            return UNLINKED, UNLINKED
        if person.leads:
            return self.of_lead(person.leads[0], person)
        contacts = [record for record in person.records if record.key[1] == "contact"]
        contacts.sort(key=lambda record: not record.is_living)
        leads = [record for record in person.records if record.is_lead]
        if leads and not (contacts and contacts[0].is_living):
            return self.of_lead(leads[0], person)
        if contacts:
            return self._judge({"lead_source": contacts[0].fields.get("LeadSource")}, person)
        properties = person.records[0].fields.get("properties") or {}
        said = {
            "original_source": properties.get("hs_analytics_source"),
            **utm_of(properties.get("hs_analytics_first_url")),
        }
        return self._judge(said, person)

    def campaign(self, person: Person | None, at: datetime) -> str:
        """The campaign that touched the person last, not later than `at`."""
        touch = self.last_touch(person, at)
        return touch.campaign if touch else NONE

    def last_touch(self, person: Person | None, at: datetime) -> Touch | None:
        """The touch of the person that is the last one not later than `at`."""
        touches = self._touches.get(person.id, ()) if person else ()
        before = [touch for touch in touches if touch.at <= at]
        return before[-1] if before else None

    def memberships(self) -> Iterator[tuple[Person, Touch]]:
        """Every person with every campaign it joined; of two at one instant the later id."""
        for person in self._persons.all:
            at_instants = {touch.at: touch for touch in self._touches.get(person.id, ())}
            yield from ((person, touch) for touch in at_instants.values())

    def first_campaign(self, person: Person) -> str:
        """The campaign that touched the person first."""
        touches = self._touches.get(person.id)
        return touches[0].campaign if touches else NONE

    def touches(
        self, persons: Persons, noted: Iterable[Activity], zone: ZoneInfo, as_of: date
    ) -> dict[str, list[ChannelTouch]]:
        """Person -> everything that touched it by the as-of date and says where it came from."""
        found: dict[str, list[ChannelTouch]] = defaultdict(list)

        def note(
            person: Person, at: datetime, where: tuple[str, str], campaign: str, name: str
        ) -> None:
            day = local_date(at, zone)
            if where != (NONE, NONE) and day <= as_of:
                found[person.id].append(ChannelTouch(at, day, (*where, campaign), name))

        for person in persons.all:
            for record in person.leads:
                name = record.key[2]
                if not name.startswith("hubspot:"):
                    name = ":".join(filter(None, (record.key[0], record.source.account, name)))
                where = self.of_lead(record, person)
                note(person, record.created_at, where, NONE, f"lead:{name}")
            at_once = {touch.at: touch for touch in self._touches.get(person.id, ())}
            for touch in at_once.values():
                said = {"campaign_name": touch.campaign, "campaign_type": touch.campaign_type}
                name = f"campaign_member:{touch.member_id}"
                note(person, touch.at, self._ruled(said), touch.campaign, name)
        for activity in noted:
            if activity.person and activity.kind in _VOLUNTARY and not activity.is_machine:
                said = {**activity.utm, "campaign_name": activity.name}
                campaign = activity.name or NONE
                note(activity.person, activity.at, self._ruled(said), campaign, activity.id)
        return found

    def group_of(self, channel: str) -> str:
        """The group planning's rules put a channel in."""
        groups = {rule["channel_group"] for rule in self._rules if rule["channel"] == channel}
        return min(groups, default=UNMAPPED)

    def _judge(self, said: dict[str, str | None], person: Person) -> tuple[str, str]:
        filled = {column: value for column, value in said.items() if value not in (None, "")}
        touches = self._touches.get(person.id)
        if touches and filled:
            filled = {
                **filled,
                "campaign_name": touches[0].campaign,
                "campaign_type": touches[0].campaign_type,
            }
        return self._ruled(filled)

    def _ruled(self, said: Mapping[str, str | None]) -> tuple[str, str]:
        """What the rules make of values; none is (none), one without a rule (unmapped)."""
        filled = {column: value for column, value in said.items() if value not in (None, "")}
        if not filled:
            return NONE, NONE
        for rule in self._rules:
            value, wanted = match_key(filled.get(rule["field"])), match_key(rule["value"])
            if value and _matches(rule["match"], value, wanted):
                return rule["channel_group"], rule["channel"]
        return UNMAPPED, UNMAPPED


def _matches(how: str, value: str, wanted: str) -> bool:
    if how == "prefix":
        return value.startswith(wanted)
    if how == "contains":
        return wanted in value
    return value == wanted


def _touches(records: Records, persons: Persons) -> dict[str, list[Touch]]:
    campaigns = {
        identity: rows[-1]
        for identity, rows in versions_of(
            records.get("salesforce.Campaign", ()), "Id", "SystemModstamp"
        ).items()
    }
    found: dict[str, list[Touch]] = defaultdict(list)
    for identity, rows in versions_of(
        records.get("salesforce.CampaignMember", ()), "Id", "SystemModstamp"
    ).items():
        row = rows[-1]
        campaign = campaigns.get(salesforce_id(row.get("CampaignId")) or "")
        person = persons.of_record(
            salesforce_id(row.get("LeadId")) or salesforce_id(row.get("ContactId"))
        )
        if campaign is None or person is None or row.get("IsDeleted"):
            continue
        found[person.id].append(
            Touch(row["CreatedDate"], identity, campaign.get("Name") or NONE, campaign.get("Type"))
        )
    for touches in found.values():
        touches.sort(key=lambda touch: (touch.at, touch.member_id))
    return found
