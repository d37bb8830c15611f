"""The KPI catalogue is whole, and formulas live in it and nowhere else.

Read as text and YAML, so these doors hold before anything runs. What the catalogue's SQL computes is
proven in `test_formulas.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"
CATALOGUE = MODELS / "marts" / "metrics"

# Dictionary §1–3, by hand: every id of the tables and every figure "beside" them.
VOLUME = [
    "dials", "emails_sent", "approaches", "answered_calls", "human_reached", "connects",
    "connects_by_disposition", "connects_by_speech", "connects_by_duration",
    "unidentified_party", "inbound_connects", "leads_worked", "working_days", "wrong_numbers",
    "do_not_call",
]  # fmt: skip
QUALITY = [
    "connect_rate", "answer_rate", "human_rate", "human_evidence_coverage",
    "meeting_conversion_rate", "meeting_conversion_rate_from_connect", "effective_meeting_rate",
    "effective_meeting_rate_decided", "accepted", "rejected", "pending", "expired",
    "meeting_held_rate", "no_show_rate", "meetings_outcome_unknown_of_cohort", "talk_seconds",
    "talk_seconds_per_connect", "turns_per_analysed_call", "analysis_coverage",
    "agent_talk_ratio", "key_person_share", "key_person_talk_seconds",
    "key_person_talk_seconds_per_working_day",
]  # fmt: skip
OUTCOME = [
    "meetings_booked", "meetings_held", "no_shows", "meetings_held_of_cohort",
    "no_shows_of_cohort", "meetings_acquired", "meetings_acquired_of_cohort",
    "opportunities_created", "wins", "win_rate", "win_rate_open_share", "win_rate_closed",
    "pipeline_created_yen", "pipeline_created_as_of_yen", "pipeline_amounts_missing",
    "pipeline_amounts_unconverted", "won_amount_yen", "company_won_amount_yen",
    "company_won_amount_new_yen", "company_won_amount_existing_yen",
    "company_won_amount_other_yen", "company_won_amount_untyped_yen",
    "company_won_amounts_missing", "company_won_amounts_unconverted",
    "pipeline_amounts_missing_as_of", "pipeline_amounts_unconverted_as_of",
]  # fmt: skip
# §4 first_response_minutes as figures that add up, and their shares.
SPEED = [
    "hand_raises", "hand_raises_linked", "hand_raises_attempted", "hand_raises_connected",
    "hand_raises_open", "hand_raise_share_within_5_minutes", "hand_raise_share_within_30_minutes",
    "hand_raise_share_within_60_minutes", "hand_raise_share_within_same_day",
    "hand_raise_attempted_share", "hand_raise_connected_share",
]  # fmt: skip

CHANNELS = [
    "leads_created", "leads_reached_meeting_of_cohort", "leads_reached_accepted_of_cohort",
    "leads_reached_won_of_cohort", "lead_to_meeting_rate", "lead_to_accepted_rate",
    "lead_to_won_rate", "marketing_emails_sent", "seminar_registrations",
]  # fmt: skip

META = {
    "name_ja", "name_en", "category", "unit", "direction", "minimum_sample", "maturity", "needs",
    "purpose_ja", "purpose_en", "owner", "definition_version",
    "position", "headline",
}  # fmt: skip
ALLOWED = {
    "category": {"量", "質", "成果"},
    "direction": {"up", "down", "none"},
    "maturity": {"none", "decision", "held", "win", "lead"},
}
# As macros/kpi/needs.sql lists them: exports first, then what holds for every day or none.
NEEDS = {
    "cti", "sfa_tasks", "sfa_emails", "sfa_events", "sfa_opportunities", "people", "hand_raises",
    "marketing_emails", "seminars",
    "known_day", "meeting_outcome", "shodan_event", "acceptance", "title_map", "target_list",
}  # fmt: skip
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


METRICS: dict[str, dict[str, Any]] = {
    metric["name"]: metric
    for path in sorted(CATALOGUE.glob("*_metrics.yml"))
    for metric in load(path)["metrics"]
}
MEASURES: dict[str, dict[str, Any]] = {
    measure["name"]: {**measure, "semantic_model": model}
    for model in load(CATALOGUE / "_semantic_models.yml")["semantic_models"]
    for measure in model["measures"]
}


@pytest.mark.parametrize("name", [*VOLUME, *QUALITY, *OUTCOME, *SPEED, *CHANNELS])
def test_every_metric_of_the_dictionary_is_in_the_catalogue(name: str) -> None:
    assert name in METRICS, f"{name} is defined in kpi_dictionary.md §1–3: add it to {CATALOGUE}"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_everything_a_reader_needs(name: str) -> None:
    metric = METRICS[name]
    meta = metric["config"]["meta"]
    assert meta.keys() >= META, f"{name} lacks {sorted(META - meta.keys())}"
    for key, allowed in ALLOWED.items():
        assert meta[key] in allowed, f"{name}: {key} is {meta[key]!r}, not one of {sorted(allowed)}"
    assert set(meta["needs"]) <= NEEDS, f"{name}: needs {meta['needs']}"
    assert isinstance(meta["minimum_sample"], int), f"{name}: minimum_sample is no number"
    assert JAPANESE.search(meta["name_ja"]), f"{name}: name_ja is not Japanese"
    assert JAPANESE.search(meta["purpose_ja"]), f"{name}: purpose_ja is not Japanese"
    english, japanese = metric["description"].splitlines()
    assert not JAPANESE.search(english.replace("商談", "")), (
        f"{name}: the definition's first line is English"
    )
    assert JAPANESE.search(japanese), f"{name}: the definition's second line is Japanese"


def test_every_need_is_known_to_the_models_and_needed_by_a_metric() -> None:
    """A need no metric names would let its exports block a release for nothing.

    Calls are named `cti` whoever tells of them: those of people without a telephone system are the CRM's.
    """
    macro = (CATALOGUE.parents[2] / "macros" / "kpi" / "needs.sql").read_text(encoding="utf-8")
    assert all(f"'{need}'" in macro for need in NEEDS)
    named = {need for metric in METRICS.values() for need in metric["config"]["meta"]["needs"]}
    assert "is_sfa_tasks_met" in macro
    assert named | {"sfa_tasks"} == NEEDS


@pytest.mark.parametrize("name", METRICS)
def test_a_ratio_needs_what_its_parts_need(name: str) -> None:
    params = METRICS[name]["type_params"]
    if METRICS[name]["type"] == "ratio":
        parts = (METRICS[params[part]]["config"]["meta"] for part in ("numerator", "denominator"))
        needed = {need for part in parts for need in part["needs"]}
        assert needed == set(METRICS[name]["config"]["meta"]["needs"])


def test_the_three_files_hold_the_three_categories() -> None:
    for file, category in (("volume", "量"), ("quality", "質"), ("outcome", "成果")):
        found = {
            metric["config"]["meta"]["category"]
            for metric in load(CATALOGUE / f"{file}_metrics.yml")["metrics"]
        }
        assert found == {category}, f"{file}_metrics.yml holds {found}"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_a_measure_or_a_ratio_of_two_published_metrics(name: str) -> None:
    params = METRICS[name]["type_params"]
    if METRICS[name]["type"] == "simple":
        assert params["measure"] == name, f"{name}: one name goes through every room"
        assert name in MEASURES
        return
    assert METRICS[name]["type"] == "ratio", f"{name}: only simple and ratio metrics add up"
    for part in (params["numerator"], params["denominator"]):
        assert METRICS[part]["type"] == "simple", f"{name}: {part} must be published beside it"
    if METRICS[name]["config"]["meta"]["unit"] == "ratio":
        assert METRICS[name]["config"]["meta"]["minimum_sample"] > 0, (
            f"{name}: a share without a minimum sample is noise"
        )


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_a_count_or_a_sum_placed_by_a_date(name: str) -> None:
    measure = MEASURES[name]
    assert measure["agg"] in {"sum_boolean", "sum", "count", "count_distinct"}, (
        f"{name}: a mean cannot be added up; make it a ratio of two sums"
    )
    dates = {
        dimension["name"]
        for dimension in measure["semantic_model"]["dimensions"]
        if dimension["type"] == "time"
    }
    assert measure["agg_time_dimension"] in dates
    assert name in METRICS, f"{name} is measured and shown nowhere"


# Files of models/marts and models/activity that may divide or average, each with its reason. Medians of
# waiting times and shares by Wilson live in macros, where this door does not look.
MAY_DIVIDE: dict[str, str] = {}
SQL_NOISE = re.compile(r"--[^\n]*|\{#.*?#\}|'[^']*'", re.DOTALL)
DIVISION = re.compile(r"(?<![/*])/(?![/*])|\bavg\s*\(|\bmean\s*\(", re.IGNORECASE)


def models(*layers: str) -> list[Path]:
    return [path for layer in layers for path in sorted((MODELS / layer).rglob("*.sql"))]


def code(path: Path) -> str:
    """The SQL of a model without comments and texts."""
    return SQL_NOISE.sub(" ", path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", models("activity", "marts"), ids=named)
def test_nothing_is_divided_or_averaged_outside_the_ratio_macro(path: Path) -> None:
    if path.stem in MAY_DIVIDE:
        return
    found = DIVISION.search(code(path))
    assert not found, (
        f"{path.name}: a rate is ratio(numerator, denominator), a mean a ratio of sums"
    )


@pytest.mark.parametrize("path", models("staging", "activity", "marts"), ids=named)
def test_no_model_reads_the_clock(path: Path) -> None:
    found = re.search(
        r"\b(current_date|current_timestamp|localtimestamp|now|today|getdate|get_current_timestamp"
        r"|run_started_at|modules\.datetime)\b",
        code(path),
        re.IGNORECASE,
    )
    assert not found, f"{path.name} reads the clock: use as_of_date of act_settings"


@pytest.mark.parametrize("path", models("activity", "marts"), ids=named)
def test_only_staging_uses_source(path: Path) -> None:
    assert not re.search(r"\bsource\s*\(", code(path)), (
        f"{path.name}: read a stg_ model instead (facts about the run: stg_kura__…)"
    )


@pytest.mark.parametrize("path", models("marts"), ids=named)
def test_marts_never_read_staging(path: Path) -> None:
    found = re.findall(r"ref\('(stg_\w+)'\)", path.read_text(encoding="utf-8"))
    assert not found, f"{path.name} reads {found}: let an act_ model stand between"


@pytest.mark.parametrize("path", models("staging", "activity", "marts"), ids=named)
def test_every_model_has_both_halves(path: Path) -> None:
    other = path.with_suffix(".yml")
    assert other.is_file(), f"{path.name} needs {other.name}: grain, columns, tests"
    described = [model["name"] for model in load(other).get("models", ())]
    assert described == [path.stem], f"{other.name} describes {described}"


@pytest.mark.parametrize("path", models("staging", "activity", "marts"), ids=named)
def test_every_model_opens_with_its_grain(path: Path) -> None:
    first = path.read_text(encoding="utf-8").lstrip().splitlines()[0]
    assert first.startswith("-- one row"), f"{path.name} must open with `-- one row per …`"


def test_every_layer_names_its_models_by_its_first_word() -> None:
    for layer, words in (
        ("staging", ("stg_",)),
        ("activity", ("act_",)),
        ("marts", ("dim_", "fct_", "kpi_", "release")),
    ):
        strangers = [path.stem for path in models(layer) if not path.stem.startswith(words)]
        assert not strangers, f"{layer} holds {strangers}"
