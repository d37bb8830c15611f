"""An invented Japanese BtoB company whose phone, marketing and sales systems export real formats.

`simulate(Plan(...))` returns a `World`; `write_world` writes its exports, `write_house` the exports
and the configuration that reads them (`configuration(world.settings)` is the same, parsed); a test
that needs three hand-made rows uses `write_records` alone. Same plan, same bytes. Nothing here
knows how the warehouse reads files or what a KPI is: the oracle and the warehouse meet only in
what the records say.

    world = simulate(Plan(seed=7, reps=12, months=6, as_of=date(2026, 9, 30)))
    world.records["salesforce.Lead"]   # every Lead row of every export, in order of delivery
    world.deliveries                   # the same records, file by file
    world.truth.calls[call_id]         # who was really spoken to
    hubspot.in_hubspot(world)          # the same company, its sales people in HubSpot
    group.demo_world()                 # the company under data/demo
    write_world(world, out_dir)        # out_dir/<source_id>/<file>

Records
-------
`World.records` maps an object name to a list of plain dicts: what each exported record *says*,
under the vendor's own field names, with Python values instead of text:

    instants   `datetime`, aware, UTC, whole seconds      (MiiTel, Salesforce, HubSpot ISO and ms)
    days       `date`                                     (CloseDate, ConvertedDate, valid_from)
    amounts    `int` or `Decimal`, percentages as exported (Salesforce Probability 10 = 10 %)
    nothing    `None` (an empty cell, a JSON null)
    else       `str`, `int`, `float`, `bool`

Phone numbers, e-mail addresses and names stand exactly as somebody typed them. A record carries
its envelope under keys with a leading underscore, which no writer writes:

    _source_id     id in sources.yml                 _file    path below exports/ (`a.zip!b.csv`
    _extracted_at  aware UTC instant of the export            for an archive's member)
    _record        1-based record number in the file, planted bad rows counted, header not

A record delivered in two files (a re-delivery, an overlapping re-export, a newer version of the
same Lead) stands twice, once per delivery. A file copied byte for byte under another name is one
delivery with `copies`; its records stand once, because ingestion skips the copy.

miitel.webhook_calls
    One line of `call_analysis_completed`, nested as in the vendor's schema:
    `{"call": {"id", "tenant_code", "details": [{"id", "dial_starts_at", ...}]}}`. Instants are
    datetimes. Of two lines for one call in one file the later line is the later delivery.
miitel.history_rows
    One row of the 応対履歴 CSV, list or flow view, under the English headers: Sequence ID, Parent
    sequence ID and Previous sequence ID (flow view alone has these two keys), User name, Call
    from, Call to, Call type (the Japanese label), Dial begin time, Call begin time, Call end time,
    Ringing time and Call duration (int seconds), Call memo, Account name, Contact person name,
    Overall.
salesforce.User, .Lead, .Contact, .Account, .Opportunity, .OpportunityHistory, .OpportunityStage,
.Task, .Event, .Campaign, .CampaignMember
    One exported version of a record under API names. Custom fields: Lead utm_source__c,
    utm_medium__c, utm_campaign__c, pi__score__c; Event MeetingOutcome__c; Opportunity
    BusinessUnit__c, LossReason__c.
hubspot.contacts
    `id, createdAt, updatedAt, archived, properties{...}`; properties are strings as in the API.
    Of a portal that is the CRM (source hubcrm) also .companies, .deals, .calls, .meetings, .emails
    in the same envelope, with `associations` inside or in hubspot.associations; .owners,
    .pipelines, .deal_property_history and .contact_property_history as their APIs give them.
    Of objects exported as CSV the properties alone are written.
hubspot.email_events, .form_submissions, .event_participations
    API names; created, submittedAt, properties.occurredAt are datetimes (written as epoch ms).
planning.<table>
    One row under the snake_case headers of the planning contract.
mapped.call_legs, mapped.leads
    One row of a tool only sources.yml describes, under canonical column names, before value maps
    and constants (the Japanese value stays).
mapped.survey_responses
    One answer of a survey, under canonical column names; only where a world was `surveyed`.

`World.bad_rows` holds what was planted to be set aside: object, file, record number, why, and the
text or dict written. Bad rows never stand in `World.records`.

`World.settings` holds the facts of config/house.yml and sources.yml that the rules need (own
numbers, internal domains, memo separator, thresholds, acceptance stage, time zone, `covers_from`).

Truth
-----
`World.truth.calls` maps a call id (MiiTel `call.id`, history root `Sequence ID`, mapped leg id, or
the CRM Task id, or HubSpot call id, of a person without CTI) to a `CallTruth`: `party` in intended
| gatekeeper | colleague | wrong_party | machine | nobody | internal, `person` (a key of `truth.people`), rep,
direction, true talk seconds. A further leg in a list-view month, which the file shows as a call of
its own, has direction `unknown` and party `nobody`. `truth.people` maps a person key to the record
ids that are really that person. `truth.meetings` maps a first event id to what really happened.
"""

from __future__ import annotations

from tests.simulator.behaviour import Simulation
from tests.simulator.house import configuration, write_house
from tests.simulator.world import (
    BadRow,
    CallTruth,
    Delivery,
    Dialect,
    MeetingTruth,
    PersonTruth,
    Plan,
    Truth,
    World,
    WorldSettings,
)
from tests.simulator.writers import write_records, write_world

__all__ = [
    "BadRow",
    "CallTruth",
    "Delivery",
    "Dialect",
    "MeetingTruth",
    "PersonTruth",
    "Plan",
    "Simulation",
    "Truth",
    "World",
    "WorldSettings",
    "configuration",
    "simulate",
    "write_house",
    "write_records",
    "write_world",
]


def simulate(plan: Plan) -> World:
    """Run a plan in memory. For large worlds read `Simulation(plan).run()` delivery by delivery."""
    simulation = Simulation(plan)
    deliveries = list(simulation.run())
    return World(plan, simulation.settings(), deliveries, simulation.truth)
