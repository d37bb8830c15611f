"""Every planted defect trips at least the check that was made for it, and a refusing one refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.lib import candidate, gate, reconciliation, suites
from dagster_project.lib.audit import CheckResult, read_audit
from dagster_project.lib.candidate import read_manifest
from dagster_project.lib.query import WAREHOUSE
from dagster_project.lib.transformation import note_tested
from dagster_project.settings import EXPECTATIONS
from tests.gate import company, diagnosis, planning
from tests.gate.company import Company

# check → what breaks a good release so that this check must notice
IN_TABLES: dict[str, str] = {
    "release.is_one_row": "insert into release select * from release",
    "release.is_of_this_run": "update release set release_id = 'yesterday'",
    "release.is_for_the_as_of_day": "update release set as_of_date = as_of_date - 1",
    "release.names_company_and_versions": "update release set company_name = null",
    "dim_dates.holds_the_as_of_day": "delete from dim_dates where date = date '2026-06-30'",
    "dim_dates.has_no_gap": "delete from dim_dates where date = date '2026-05-05'",
    "dim_dates.periods_begin_before_their_days": (
        "update dim_dates set week_start = date + 1 where weekday = 3"
    ),
    "dim_dates.some_days_are_business_days": "update dim_dates set is_business_day = false",
    "dim_reps.spans_do_not_overlap": (
        "update dim_reps set valid_to = date '2026-06-10' where rep_id = 'R2' and not is_current"
    ),
    "dim_reps.spans_end_after_they_begin": (
        "update dim_reps set valid_to = date '2020-01-01' where rep_id = 'R1'"
    ),
    "dim_reps.roles_are_known": "update dim_reps set motion = 'wizard' where rep_id = 'R1'",
    "dim_reps.somebody_sells_inside": "update dim_reps set motion = 'field_sales'",
    "dim_channels.every_channel_has_a_group": (
        "update dim_channels set channel_group = null where channel = '展示会'"
    ),
    "dim_metrics.core_kpis_are_there": "delete from dim_metrics where metric = 'connect_rate'",
    "dim_metrics.every_kpi_is_named": "update dim_metrics set name_ja = null where metric = 'wins'",
    "dim_accounts.key_is_unique": "insert into dim_accounts select * from dim_accounts limit 1",
    "dim_reps.has_rows": "delete from dim_reps",
    "fct_calls.key_is_unique": (
        "insert into fct_calls select * from fct_calls where call_id = 'miitel:7'"
    ),
    "fct_calls.key_is_present": "update fct_calls set call_id = null where call_id = 'miitel:7'",
    "fct_calls.holds_no_email_address": (
        "update fct_calls set campaign = 'ref taro.yamada@example.co.jp' where call_id = 'miitel:7'"
    ),
    "fct_calls.says_who_when_and_what": (
        "update fct_calls set is_connect = null where call_id = 'miitel:7'"
    ),
    "fct_calls.can_be_traced_to_its_export": "update fct_calls set source_file = null where rep_id = 'R2'",
    "fct_calls.none_lies_after_the_as_of_day": (
        "update fct_calls set called_on = date '2026-07-01' where call_id = 'miitel:7'"
    ),
    "fct_calls.day_belongs_to_its_instant": (
        "update fct_calls set started_at = started_at - interval 3 day where call_id = 'miitel:7'"
    ),
    "fct_calls.words_are_known": "update fct_calls set direction = 'sideways' where call_id = 'miitel:7'",
    "fct_calls.connect_is_a_reached_human": "update fct_calls set is_human_reached = false",
    "fct_calls.reached_human_answered": "update fct_calls set is_answered = false",
    "fct_calls.reached_human_can_be_explained": (
        "update fct_calls set is_machine = true where is_human_reached"
    ),
    "fct_calls.connect_has_its_basis": "update fct_calls set connect_basis = 'none'",
    "fct_calls.speech_and_duration_need_a_person": (
        "update fct_calls set match_level = 'account', person_id = null where connect_basis = 'speech'"
    ),
    "fct_calls.unidentified_party_is_no_connect": "update fct_calls set is_unidentified_party = is_connect",
    "fct_calls.only_outbound_calls_are_dials": (
        "update fct_calls set direction = 'inbound' where call_id = 'miitel:7'"
    ),
    "fct_calls.person_match_names_the_person": (
        "update fct_calls set person_id = null where call_id = 'miitel:7'"
    ),
    "fct_calls.talk_is_not_negative": "update fct_calls set talk_seconds = -5 where call_id = 'miitel:7'",
    "fct_calls.unanswered_calls_have_no_talk": (
        "update fct_calls set talk_seconds = 12 where not is_answered"
    ),
    "fct_calls.talk_is_humanly_long": "update fct_calls set talk_seconds = talk_seconds * 1000",
    "fct_calls.few_talks_last_half_a_day": (
        "update fct_calls set talk_seconds = 50000 where call_id = 'miitel:1'"
    ),
    "fct_calls.answer_rate_is_believable": "update fct_calls set is_answered = true",
    "fct_calls.most_dials_have_a_rep": (
        "update fct_calls set rep_id = '(unassigned)' where rep_id = 'R2'"
    ),
    "fct_calls.reps_accounts_and_channels_are_known": (
        "update fct_calls set rep_id = 'R9' where call_id = 'miitel:7'"
    ),
    "fct_calls.past_changed_little": "delete from fct_calls where called_on < date '2026-06-15'",
    "fct_calls.lists_are_known": "update fct_calls set call_list = '17' where call_id = 'miitel:7'",
    "dim_call_lists.calls_of_no_list_have_their_line": "delete from dim_call_lists",
    "dim_call_lists.dials_have_their_days": "update dim_call_lists set first_dialled_on = null",
    "dim_call_lists.dials_are_those_of_the_calls": "update dim_call_lists set dials = dials + 1",
    "dim_call_lists.most_outbound_dials_have_a_list": (
        "insert into dim_call_lists select '17', 'list_key', false, first_dialled_on, first_dialled_on, 1, 1 "
        "from dim_call_lists"
    ),
    "fct_target_accounts.look_backs_end_on_their_day": (
        "update fct_target_accounts set as_of_on = as_of_on + 1"
    ),
    "fct_target_accounts.first_days_lie_in_the_look_back": (
        "update fct_target_accounts set first_approached_on = window_start - 1 where account_id = 'A7'"
    ),
    "fct_target_accounts.flags_are_what_was_counted": (
        "update fct_target_accounts set is_approached = false where account_id = 'A7'"
    ),
    "fct_target_accounts.nobody_is_reached_without_being_approached": (
        "update fct_target_accounts set persons_reached = persons_approached + 1 where account_id = 'A7'"
    ),
    "fct_target_accounts.known_accounts_are_in_their_table": (
        "update fct_target_accounts set is_known = false where account_id = 'A7'"
    ),
    "fct_target_accounts.most_accounts_are_known": "update fct_target_accounts set is_known = false",
    "kpi_account_coverage.no_part_exceeds_the_list": (
        "update kpi_account_coverage set accounts_approached = accounts + 1"
    ),
    "kpi_account_coverage.shares_are_their_counts": (
        "update kpi_account_coverage set approached_share = 0.01 where scope_type = 'rep'"
    ),
    "kpi_account_coverage.no_scope_exceeds_the_company": (
        "update kpi_account_coverage set persons_reached = 9999 where scope_type = 'rep'"
    ),
    "kpi_account_coverage.company_is_the_sum_of_its_accounts": (
        "delete from fct_target_accounts where account_id = 'A7'"
    ),
    "kpi_account_coverage.says_how_far_it_can_be_trusted": (
        "update kpi_account_coverage set uncovered_days = 3"
    ),
    "kpi_account_coverage.scopes_are_known": (
        "update kpi_account_coverage set scope_key = 'R9' where scope_type = 'rep'"
    ),
    "fct_approaches.says_who_and_when": "update fct_approaches set rep_id = null",
    "fct_approaches.is_every_dial_and_every_email_once": (
        "delete from fct_approaches where approach_id = (select min(approach_id) from fct_approaches)"
    ),
    "fct_rep_days.says_who_worked_where": "update fct_rep_days set team = null",
    "fct_rep_days.nobody_works_more_than_a_day_a_day": (
        "update fct_rep_days set working_day = 2 where is_business_day"
    ),
    "fct_rep_days.none_lies_after_the_as_of_day": "update fct_rep_days set date = date + 200",
    "dim_scopes.knows_every_scope_of_the_scorecard": (
        "delete from dim_scopes where scope_type = 'company'"
    ),
    "fct_emails.none_lies_after_the_as_of_day": "update fct_emails set sent_on = sent_on + 200",
    "fct_emails.nobody_sends_thousands_a_day": (
        "insert into fct_emails select fct_emails.* replace (email_id || '-' || i as email_id) "
        "from fct_emails, range(600) as copies(i) where email_id = 'sf:1'"
    ),
    "fct_meetings.a_meeting_is_booked_once": (
        "update fct_meetings set meeting_id = 'ev1' where event_id = 'ev2'"
    ),
    "fct_meetings.held_excludes_missed": "update fct_meetings set is_no_show = true where is_held",
    "fct_meetings.only_inside_sales_books": (
        "update fct_meetings set motion = 'field_sales' where event_id = 'ev2'"
    ),
    "fct_meetings.what_does_not_count_says_why": (
        "update fct_meetings set meeting_id = null where event_id = 'ev2'"
    ),
    "fct_meetings.every_booked_meeting_has_one_decision": (
        "update fct_meetings set is_rejected = true where is_accepted"
    ),
    "fct_meetings.nothing_happened_after_the_as_of_day": (
        "update fct_meetings set meeting_on = date '2026-07-02' where event_id = 'ev1'"
    ),
    "fct_meetings.most_past_meetings_have_an_outcome": (
        "update fct_meetings set outcome = 'unknown', is_held = false, is_no_show = false"
    ),
    "fct_opportunities.stands_in_exactly_one_state": "update fct_opportunities set is_open = true",
    "fct_opportunities.stages_are_known": (
        "update fct_opportunities set is_open = false, is_won = false, is_lost = false, "
        "is_stage_known = false"
    ),
    "fct_opportunities.wins_and_losses_have_their_day": "update fct_opportunities set won_on = null",
    "fct_opportunities.credit_is_whole": "update fct_opportunities set credit_basis = null",
    "fct_opportunities.credited_meeting_counts": "update fct_opportunities set meeting_id = 'ev99999'",
    "fct_opportunities.amounts_are_not_negative": "update fct_opportunities set amount_yen = -amount_yen",
    "fct_opportunities.amounts_are_believable": "update fct_opportunities set amount_yen = amount_yen * 1e6",
    "fct_opportunities.missing_amounts_say_so": "update fct_opportunities set amount_yen = null",
    "fct_hand_raises.says_who_and_when": "update fct_hand_raises set channel = null where rep_id = 'R1'",
    "fct_hand_raises.can_be_traced_to_its_export": "update fct_hand_raises set source_file = null",
    "fct_hand_raises.none_lies_after_the_as_of_day": (
        "update fct_hand_raises set raised_on = date '2026-07-01' where raised_on = date '2026-06-30'"
    ),
    "fct_hand_raises.reps_and_channels_are_known": (
        "update fct_hand_raises set rep_id = 'R9' where rep_id = 'R1'"
    ),
    "fct_hand_raises.an_answer_follows_its_hand_raise": (
        "update fct_hand_raises set attempted_at = raised_at where is_attempted"
    ),
    "fct_hand_raises.every_known_person_is_answered_or_open": (
        "update fct_hand_raises set is_open = false, open_business_minutes = null"
    ),
    "fct_hand_raises.faster_is_within_slower": "update fct_hand_raises set is_within_5_minutes = true",
    "fct_hand_raises.connects_are_connects_of_the_same_person": (
        "update fct_hand_raises set person_id = 'somebody else' where is_connected"
    ),
    "fct_hand_raises.most_are_of_known_persons": (
        "update fct_hand_raises set is_linked = false where raised_on < date '2026-05-15'"
    ),
    "fct_hand_raises.past_changed_little": (
        "delete from fct_hand_raises where raised_on < date '2026-06-01'"
    ),
    "kpi_speed_to_lead.absent_is_not_zero": (
        "update kpi_speed_to_lead set covered_days = 0, status = 'unavailable'"
    ),
    "kpi_speed_to_lead.known_persons_are_answered_or_open": (
        "update kpi_speed_to_lead set hand_raises_open = hand_raises_open + 1"
    ),
    "kpi_speed_to_lead.medians_come_before_the_slowest": (
        "update kpi_speed_to_lead set p90_business_minutes_to_attempt = 5"
    ),
    "kpi_speed_to_lead.half_answered_has_a_median": (
        "update kpi_speed_to_lead set hand_raises_open = 0, p90_business_minutes_to_attempt = null"
    ),
    "kpi_speed_to_lead.the_oldest_open_one_is_open": (
        "update kpi_speed_to_lead set oldest_open_business_minutes = null"
    ),
    "kpi_speed_to_lead.is_the_rows_behind_it": (
        "update kpi_speed_to_lead set hand_raises = hand_raises * 2"
    ),
    "kpi_rep_daily.counts_are_not_negative": "update kpi_rep_daily set dials = -dials",
    "kpi_rep_daily.connects_lie_within_reached_within_answered_within_dials": (
        "update kpi_rep_daily set connects = dials + 1"
    ),
    "kpi_rep_daily.approaches_are_dials_and_emails": "update kpi_rep_daily set approaches = dials",
    "kpi_rep_daily.rates_are_ratios_of_their_counts": "update kpi_rep_daily set connect_rate = 0.9",
    "kpi_rep_daily.shares_lie_between_0_and_1": "update kpi_rep_daily set connect_rate = 17",
    "kpi_rep_daily.calls_add_up": "delete from kpi_rep_daily where date = date '2026-06-10'",
    "kpi_rep_daily.talk_adds_up": "update kpi_rep_daily set talk_seconds = talk_seconds + 1",
    "kpi_rep_daily.emails_add_up": "update kpi_rep_daily set emails_sent = emails_sent * 2",
    "kpi_rep_daily.meetings_add_up": "update kpi_rep_daily set meetings_booked = meetings_booked + 1",
    "kpi_rep_daily.decisions_add_up": "update kpi_rep_daily set accepted = 0",
    "kpi_rep_daily.opportunities_and_wins_add_up": "update kpi_rep_daily set won_amount_yen = 0",
    "kpi_rep_daily.nobody_dials_a_thousand_times_a_day": "update kpi_rep_daily set dials = dials * 500",
    "kpi_rep_daily.days_reps_and_channels_are_known": "update kpi_rep_daily set channel = 'TV'",
    "kpi_rep_daily.idle_days_count_nothing": "update kpi_rep_daily set has_activity = false",
    "kpi_rep_daily.reaches_the_last_days": "delete from kpi_rep_daily where date > date '2026-06-10'",
    "kpi_rep_daily.past_changed_little": "delete from kpi_rep_daily where month(date) < 6",
    "kpi_scorecard.teams_add_up_to_the_company": (
        "delete from kpi_scorecard where scope_type = 'team' and scope_key = '東京2課'"
    ),
    "kpi_scorecard.reps_add_up_to_the_company": (
        "update kpi_scorecard set numerator = numerator + 1, value = value + 1 "
        "where scope_type = 'rep' and metric = 'dials'"
    ),
    "kpi_scorecard.months_agree_with_the_days": (
        "update kpi_scorecard set numerator = numerator + 1, value = value + 1 "
        "where scope_type = 'company' and metric = 'connects' and period_type = 'month'"
    ),
    "kpi_scorecard.months_add_up_to_quarters": (
        "update kpi_scorecard set numerator = 1, value = 1 where period_type = 'quarter' and metric = 'wins'"
    ),
    "kpi_scorecard.values_are_ratios_of_their_sums": (
        "update kpi_scorecard set value = 0 where metric = 'connect_rate'"
    ),
    "kpi_scorecard.shares_lie_between_0_and_1": (
        "update kpi_scorecard set value = 1.4, numerator = 1.4 * denominator where metric = 'connect_rate'"
    ),
    "kpi_scorecard.absent_is_not_zero": "update kpi_scorecard set covered_days = 0, value = 0",
    "kpi_scorecard.metrics_are_in_the_catalogue": "update kpi_scorecard set metric = 'vibes'",
    "kpi_scorecard.periods_fit_the_as_of_day": "update kpi_scorecard set is_period_over = false",
    "kpi_scorecard.words_are_known": "update kpi_scorecard set status = 'fine'",
    "kpi_scorecard.last_month_changed_little": (
        "update kpi_scorecard set numerator = numerator * 3, value = value * 3 where metric = 'dials'"
    ),
    "kpi_channel_conversion.steps_never_widen": (
        "update kpi_channel_conversion set reached_worked = reached_mql + 1"
    ),
    "kpi_channel_conversion.states_add_up_to_the_leads": (
        "update kpi_channel_conversion set state_nurturing = 0"
    ),
    "kpi_channel_conversion.a_lead_has_at_least_one_record": (
        "update kpi_channel_conversion set lead_records = 1"
    ),
    "kpi_channel_conversion.intervals_hold_their_rate": (
        "update kpi_channel_conversion set lead_to_won_rate_low = 0.5"
    ),
    "kpi_channel_conversion.says_how_far_it_can_be_trusted": (
        "update kpi_channel_conversion set status = 'ok', is_cohort_over = false"
    ),
    "kpi_channel_conversion.credit_adds_up_to_the_whole": (
        "insert into kpi_channel_conversion select * replace ('last_touch' as attribution_model) "
        "from kpi_channel_conversion where channel = '展示会'"
    ),
    "kpi_channel_conversion.every_lead_of_fct_leads_is_in_its_cohort": (
        "delete from fct_leads where person_id = (select min(person_id) from fct_leads)"
    ),
    "kpi_channel_conversion.shared_leads_have_no_interval": (
        "update kpi_channel_conversion set attribution_model = 'linear' where channel = '展示会'"
    ),
    "fct_leads.says_who_when_and_where_from": "update fct_leads set last_touch_channel = null",
    "fct_leads.can_be_traced_to_its_export": "update fct_leads set source_file = null",
    "fct_leads.a_later_step_implies_the_earlier_ones": (
        "update fct_leads set has_reached_worked = false where has_reached_won"
    ),
    "fct_leads.a_step_seen_has_its_day": "update fct_leads set met_on = null where is_won",
    "fct_leads.states_agree_with_the_steps": "update fct_leads set state = 'lead' where is_won",
    "fct_leads.nothing_happened_after_the_as_of_day": (
        "update fct_leads set won_on = date '2026-07-01' where is_won"
    ),
    "fct_leads.days_are_not_negative": "update fct_leads set days_to_outcome = -3 where is_won",
    "fct_leads.amounts_belong_to_the_credited_lead": (
        "update fct_leads set opportunities_credited = 0 where is_won"
    ),
    "fct_leads.reps_and_channels_are_known": "update fct_leads set last_touch_channel = 'TV'",
    "fct_leads.past_changed_little": "delete from fct_leads where cohort_month = date '2026-05-01'",
    "fct_nurture.says_what_and_when": "update fct_nurture set segment = null",
    "fct_nurture.mails_registrations_and_returns_can_be_traced": (
        "update fct_nurture set source_record = null where subject = 'return'"
    ),
    "fct_nurture.flags_belong_to_their_subject": (
        "update fct_nurture set is_sent = true where subject = 'seminar'"
    ),
    "fct_nurture.nobody_attends_and_misses_a_seminar": (
        "update fct_nurture set is_no_show = true where is_attended"
    ),
    "fct_nurture.what_was_opened_was_delivered": (
        "update fct_nurture set is_delivered = false where is_clicked"
    ),
    "fct_nurture.nothing_happened_after_the_as_of_day": (
        "update fct_nurture set nurtured_from = happened_on where subject = 'return'"
    ),
    "fct_nurture.scores_lie_in_their_band": (
        "update fct_nurture set score = null where subject = 'score_band'"
    ),
    "fct_nurture.channels_are_known": "update fct_nurture set channel = 'TV'",
    "fct_nurture.machines_open_little": (
        "insert into fct_nurture select f.* replace (nurture_id || n as nurture_id, true as is_opened) "
        "from fct_nurture as f, range(20) as more(n) where subject = 'email'"
    ),
    "kpi_nurture.parts_never_exceed_the_whole": "update kpi_nurture set leads_won = leads_met + 99",
    "kpi_nurture.counts_are_not_negative": (
        "update kpi_nurture set leads = -1 where subject = 'return'"
    ),
    "kpi_nurture.counts_stand_with_their_subject": (
        "update kpi_nurture set emails_sent = 0 where subject = 'seminar'"
    ),
    "kpi_nurture.rates_are_their_counts": (
        "update kpi_nurture set open_rate = 0.5 where subject = 'email'"
    ),
    "kpi_nurture.months_are_whole_and_up_to_the_as_of_day": (
        "update kpi_nurture set month = month + 3"
    ),
    "kpi_nurture.says_how_far_it_can_be_trusted": "update kpi_nurture set status = 'fine'",
    "kpi_nurture.facts_add_up": "delete from kpi_nurture where subject = 'seminar'",
    "kpi_pipeline.says_whose_it_is_and_how_it_stands": "update kpi_pipeline set state = 'stuck'",
    "kpi_pipeline.is_of_a_known_opportunity": (
        "update kpi_pipeline set opportunity_id = 'gone' where opportunity_id = 'op2'"
    ),
    "kpi_pipeline.ends_as_the_opportunities_stand": (
        "update kpi_pipeline set is_open = false where date = date '2026-06-30'"
    ),
    "kpi_pipeline.what_enters_leaves_or_is_open": (
        "delete from kpi_pipeline where opportunity_id = 'op2' and not has_entered "
        "and date < date '2026-06-30'"
    ),
    "kpi_pipeline.none_lies_after_the_as_of_day": (
        "update kpi_pipeline set date = date '2026-07-01' where is_won"
    ),
    "kpi_pipeline.what_is_not_known_says_so": "update kpi_pipeline set amount_yen = null",
    "kpi_pipeline.days_are_not_negative": "update kpi_pipeline set age_days = -age_days",
    "kpi_pipeline.probabilities_are_shares": "update kpi_pipeline set probability = 30",
    "kpi_pipeline.amounts_are_not_negative": "update kpi_pipeline set amount_yen = -amount_yen",
    "kpi_pipeline.stages_are_recorded": (
        "update kpi_pipeline set is_stage_known = false, stage = null, days_in_stage = null"
    ),
    "kpi_connect_calibration.words_are_known": "update kpi_connect_calibration set rule = 'gut'",
    "kpi_connect_calibration.verdicts_add_up": (
        "update kpi_connect_calibration set true_negatives = true_negatives + 1"
    ),
    "kpi_connect_calibration.rates_are_ratios_of_their_counts": (
        "update kpi_connect_calibration set recall_rate = 1, recall_rate_high = 1"
    ),
    "kpi_connect_calibration.absent_is_not_zero": (
        "update kpi_connect_calibration set status = 'unavailable'"
    ),
    "kpi_connect_calibration.a_longer_threshold_passes_fewer": (
        "update kpi_connect_calibration set threshold_seconds = 120 - threshold_seconds"
    ),
    "kpi_connect_calibration.connects_are_those_of_the_calls": (
        "update kpi_connect_calibration set connects_by_rule = 0, connects_by_rule_rate = 0"
    ),
    "kpi_connect_calibration.rules_are_right_more_often_than_not": (
        "update kpi_connect_calibration set precision_rate_high = 0.4 where rule = 'speech'"
    ),
    "kpi_customer_voice.words_are_known": "update kpi_customer_voice set scope_type = 'mood'",
    "kpi_customer_voice.answers_add_up": "update kpi_customer_voice set passives = 4",
    "kpi_customer_voice.the_parts_are_the_company": (
        "update kpi_customer_voice set responses = 19 where scope_type = 'team'"
    ),
    "kpi_customer_voice.scores_are_ratios_of_their_sums": (
        "update kpi_customer_voice set net_promoter_score = 30"
    ),
    "kpi_customer_voice.absent_is_not_zero": (
        "update kpi_customer_voice set status = 'unavailable', responses = 0"
    ),
    "kpi_customer_voice.reps_channels_and_accounts_are_known": (
        "update kpi_customer_voice set scope_key = 'R9' where scope_type = 'rep'"
    ),
    **planning.DEFECTS,
    **diagnosis.DEFECTS,
    "kpi_restatements.causes_are_known": "update kpi_restatements set cause = 'moonlight' where things = 1",
    "kpi_restatements.periods_are_known": "update kpi_restatements set period_type = 'moon'",
    "kpi_restatements.scopes_are_known": "update kpi_restatements set scope_type = 'planet'",
    "kpi_restatements.metrics_are_in_the_catalogue": "update kpi_restatements set metric = 'mood'",
    "kpi_restatements.one_earlier_release_is_compared": (
        "update kpi_restatements set previous_as_of_date = date '2026-06-30'"
    ),
    "kpi_restatements.differences_are_new_less_old": (
        "update kpi_restatements set numerator_difference = -numerator_difference"
    ),
    "kpi_restatements.causes_add_up_to_the_move": "delete from kpi_restatements where things = 1",
    "kpi_restatements.every_row_moved_something": (
        "update kpi_restatements set numerator_part = 0, denominator_part = 0 where things = 1"
    ),
    "kpi_restatements.moves_have_a_cause": "update kpi_restatements set cause = 'unexplained'",
    "kpi_data_quality.every_check_has_its_verdict": "update kpi_data_quality set passed = null",
    "kpi_data_quality.says_what_was_read": (
        "delete from kpi_data_quality where check_name = 'records_in'"
    ),
}

IN_BOOKS: dict[str, str] = {
    "reconciliation.every_record_of_every_file": (
        "update raw_kura.files set records_in = 101 where file_id = 'f1'"
    ),
    "reconciliation.every_quarantined_record_has_a_reason": "delete from raw_kura.file_quarantine",
    "reconciliation.raw_rows_equal_accepted_records": (
        "delete from raw_miitel.history_legs where _record = 50"
    ),
    "reconciliation.staged_records_equal_raw_rows": (
        "delete from staging.stg_salesforce__leads where record = 3"
    ),
    "reconciliation.every_rejected_row_is_listed": "delete from activity.act_rejected_records",
    "reconciliation.every_delivered_record_has_a_current_state": (
        "update activity.act_leads_versions set is_current = false where lead_id = 'L3'"
    ),
    "reconciliation.every_leg_is_counted_or_explained": (
        "delete from activity.act_call_legs where leg_id = 'leg50'"
    ),
    "reconciliation.every_call_group_is_one_call": "delete from activity.act_calls where call_id = 'leg50'",
    "reconciliation.everything_that_happened_is_published": (
        "delete from marts.fct_meetings where event_id = 'ev3'"
    ),
    "reconciliation.every_lead_is_in_one_cohort": "update activity.act_person_channels set is_lead = false",
    "reconciliation.every_covered_working_day_has_its_row": (
        "delete from marts.kpi_rep_daily where rep_id = 'R1' and date = date '2026-06-03'"
    ),
    "reconciliation.every_planning_row_is_accepted": (
        "update raw_kura.files set records_quarantined = 1, records_accepted = 3 where file_id = 'f3'"
    ),
    "reconciliation.required_sources_cover_the_day": (
        "update activity.act_source_coverage set is_covered = false "
        "where source_id = 'sf' and date = date '2026-06-30'"
    ),
    "reconciliation.few_records_are_set_aside": (
        "update raw_kura.files set records_in = 199, records_quarantined = 100 where file_id = 'f1'"
    ),
    "reconciliation.no_file_is_rejected": (
        "update raw_kura.files set status = 'rejected', reject_code = 'unknown_header' where file_id = 'f2'"
    ),
    "reconciliation.every_file_is_read_under_tonights_rules": (
        "update raw_kura.files set cast_under = 'other' where file_id = 'f2'"
    ),
}


@pytest.fixture(scope="module")
def loaded(published: Company) -> tuple[suites.Suite, ...]:
    manifest = read_manifest(published.house.current.resolve())
    return suites.load(EXPECTATIONS, {table.name: table.columns for table in manifest.tables})


@pytest.fixture
def tripped_by(
    published: Company, loaded: tuple[suites.Suite, ...], tmp_path: Path
) -> Callable[[str, str], dict[str, CheckResult]]:
    """What a table's suite objects to when a statement has changed the good release."""

    def judged(table: str, statement: str) -> dict[str, CheckResult]:
        return _tripped_by(published, loaded, tmp_path / WAREHOUSE, table, statement)

    return judged


def _tripped_by(
    published: Company,
    loaded: tuple[suites.Suite, ...],
    warehouse: Path,
    table: str,
    statement: str,
) -> dict[str, CheckResult]:
    release = published.house.current.resolve()
    shutil.copyfile(release / WAREHOUSE, warehouse)
    manifest = read_manifest(release)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)
        rows = connection.execute(f"select count(*) from {table}").fetchone()
    assert rows is not None
    tables = tuple(
        facts.model_copy(update={"rows": rows[0]}) if facts.name == table else facts
        for facts in manifest.tables
    )
    manifest = manifest.model_copy(update={"tables": tables})
    suite = [suite for suite in loaded if suite.table == table]
    last = gate.last_release(published.house)
    results = gate.judge_tables(
        published.house, published.settings, warehouse, manifest, suite, last
    )
    return {result.id: result for result in results if not result.passed}


@pytest.mark.parametrize("check", IN_TABLES)
def test_a_defect_in_the_tables_trips_its_check(
    check: str, tripped_by: Callable[[str, str], dict[str, CheckResult]]
) -> None:
    tripped = tripped_by(check.partition(".")[0], IN_TABLES[check])
    assert check in tripped
    assert tripped[check].ran
    assert tripped[check].refuses == (tripped[check].kind == "critical")


def test_an_empty_roster_is_said_once_with_what_to_do(
    published: Company, tripped_by: Callable[[str, str], dict[str, CheckResult]]
) -> None:
    """Every check of the table refuses; a person reads what must be done first."""
    tripped = tripped_by("dim_reps", "delete from dim_reps")
    audit = read_audit(published.house.current.resolve())
    audit = audit.model_copy(update={"checks": tuple(tripped.values())})
    assert len(audit.refusals) > 5
    assert [check.id for check in audit.causes] == [
        "dim_reps.has_rows",
        "dim_reps.somebody_sells_inside",
    ]
    assert "exports/planning/roster.csv" in audit.causes[0].do.en


UNSHOWN_MAY = """
    update kpi_scorecard
    set numerator = null, denominator = null, value = null, status = 'unavailable', covered_days = 0,
        uncovered_days = 31
    where period_type = 'month' and period_start = date '2026-05-01';
    update kpi_scorecard set covered_days = 60, uncovered_days = 31, status = 'partial'
    where period_type = 'quarter';
"""


def test_a_quarter_is_not_compared_with_months_of_which_one_is_not_shown(
    tripped_by: Callable[[str, str], dict[str, CheckResult]],
) -> None:
    """The quarter holds what other sources say of the uncovered month; the month itself shows nothing."""
    assert tripped_by("kpi_scorecard", UNSHOWN_MAY).keys() <= {
        "kpi_scorecard.last_month_changed_little"
    }


def test_months_that_are_shown_never_exceed_their_quarter(
    tripped_by: Callable[[str, str], dict[str, CheckResult]],
) -> None:
    smaller = "update kpi_scorecard set numerator = 1, value = 1 where period_type = 'quarter' "
    tripped = tripped_by("kpi_scorecard", f"{UNSHOWN_MAY} {smaller} and metric = 'dials'")
    assert "kpi_scorecard.months_add_up_to_quarters" in tripped


# Of 24 dials on every business day from April to June, 1,560 are published; 120 lie in the last week.
SMALL_CORRECTIONS = """
    delete from fct_calls where called_on between date '2026-05-11' and date '2026-05-12';
    delete from fct_calls where called_on between date '2026-06-29' and date '2026-06-30';
"""
A_WEEK_LOST = (
    "delete from fct_calls where called_on between date '2026-05-11' and date '2026-05-15'"
)


@pytest.mark.parametrize(("statement", "trips"), [(SMALL_CORRECTIONS, False), (A_WEEK_LOST, True)])
def test_the_past_may_be_corrected_but_not_lose_a_week(
    statement: str, trips: bool, tripped_by: Callable[[str, str], dict[str, CheckResult]]
) -> None:
    """48 of 1,440 older dials are 3 % (5 % may go), 48 of the last week's 120 are 40 % (50 % may go);
    a week is 120 of 1,440, or 8 %."""
    assert ("fct_calls.past_changed_little" in tripped_by("fct_calls", statement)) == trips


def judged_books(broken: Company, last: gate.LastRelease | None = None) -> list[CheckResult]:
    manifest = read_manifest(gate.the_candidate(broken.house))
    return gate.judge_books(
        broken.house, broken.settings, manifest, last or gate.last_release(broken.house)
    )


SHARE = "reconciliation.few_records_are_set_aside"
LONG_HISTORY = "update raw_kura.files set records_in = 100000 where file_id = 'f1'"


def arrived(number: int, records: int, set_aside: int) -> str:
    """A webhook file of the telephone source."""
    return f"""
        insert into raw_kura.files values (
            'w{number}', 'miitel', 'miitel', 'webhook_legs', 'miitel/calls_{number}.jsonl', null,
            '{number:064}', 900, 'accepted', null, {records}, {records - set_aside}, {set_aside}, true,
            'rules', 'rules')
    """


def share_check(broken: Company, last: gate.LastRelease | None = None) -> CheckResult:
    return next(check for check in judged_books(broken, last) if check.id == SHARE)


def carried(number: int, set_aside: int) -> gate.LastRelease:
    """A current release that holds that file, with so many of its records set aside."""
    return gate.LastRelease(
        set_aside={("miitel", "webhook_legs", f"{number:064}", None): set_aside}
    )


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([(149, 134)], "failed"),
        # Sixty small files of which each is nothing by itself.
        ([(2, 1)] * 60, "failed"),
        ([(40, 40)], "passed"),
        ([(2000, 90)], "passed"),
    ],
)
def test_a_bad_delivery_is_not_thinned_out_by_a_long_history(
    files: list[tuple[int, int]],
    status: str,
    judged: Company,
    copy_of: Callable[[Company], Company],
) -> None:
    broken = copy_of(judged)
    broken.change(LONG_HISTORY, *(arrived(number, *file) for number, file in enumerate(files)))
    # The long history is published already: only what arrived is new.
    last = gate.LastRelease(set_aside={("miitel", "history_legs", "a" * 64, None): 2})
    check = share_check(broken, last)
    assert check.status == status
    assert check.refuses == (status == "failed")
    assert not check.refuses or check.can_be_accepted


def test_a_bad_file_is_judged_once_and_again_when_more_of_it_is_refused(
    judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    """Published once (and so accepted), it must not ask for an acceptance every night after."""
    broken = copy_of(judged)
    broken.change(LONG_HISTORY, arrived(7, 149, 134))
    assert share_check(broken).status == "failed"
    assert "miitel/calls_7.jsonl: 134 of 149" in share_check(broken).observed
    assert share_check(broken, carried(7, 134)).status == "passed"
    assert share_check(broken, carried(7, 12)).status == "failed"


@pytest.mark.parametrize("check", IN_BOOKS)
def test_a_defect_on_the_way_trips_its_check(
    check: str, judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    broken = copy_of(judged)
    broken.change(IN_BOOKS[check])
    results = judged_books(broken)
    tripped = {result.id: result for result in results if not result.passed}
    assert check in tripped
    assert tripped[check].ran


def test_every_question_put_to_the_books_has_a_planted_defect() -> None:
    # A damaged release is planted where releases are tested.
    asked = {question.id for question in reconciliation.QUESTIONS}
    assert asked - set(IN_BOOKS) == {"reconciliation.last_release_can_be_compared_with"}


@pytest.mark.parametrize(
    ("check", "run", "statuses"),
    [
        (reconciliation.DBT_RUN, "another-run", {}),
        (reconciliation.DBT_MODELS, company.RUN, {"kpi_scorecard": "error"}),
        (reconciliation.DBT_MODELS, company.RUN, {"kpi_scorecard": "absent"}),
        (reconciliation.DBT_TESTS, company.RUN, {"keys_of_fct_calls": "fail"}),
        (reconciliation.DBT_TESTS, company.RUN, {"keys_of_fct_calls": "error"}),
        (reconciliation.DBT_TESTS, company.RUN, {"keys_of_fct_calls": "skipped"}),
        (reconciliation.DBT_TESTS, company.RUN, {"keys_of_fct_calls": "absent"}),
    ],
)
def test_a_defect_in_the_transformation_trips_its_check(
    check: str,
    run: str,
    statuses: dict[str, str],
    judged: Company,
    copy_of: Callable[[Company], Company],
) -> None:
    broken = copy_of(judged)
    company.write_dbt_results(broken.house, run, **statuses)
    manifest = read_manifest(gate.the_candidate(broken.house))
    results, _, _ = gate.judge_dbt(broken.house.dbt_target, manifest)
    assert check in {result.id for result in results if result.refuses}


def test_without_results_of_dbt_nothing_passes(
    judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    broken = copy_of(judged)
    (broken.house.dbt_target / "run_results.test.json").unlink()
    manifest = read_manifest(gate.the_candidate(broken.house))
    results, _, _ = gate.judge_dbt(broken.house.dbt_target, manifest)
    assert reconciliation.DBT_TESTS in {result.id for result in results if result.refuses}


def refused_by_dbt(broken: Company) -> set[str]:
    manifest = read_manifest(gate.the_candidate(broken.house))
    results, _, _ = gate.judge_dbt(broken.house.dbt_target, manifest)
    return {result.id for result in results if result.refuses}


def test_a_candidate_of_other_rows_than_were_tested_is_refused(
    untouched: Company, copy_of: Callable[[Company], Company]
) -> None:
    """Steps launched singly: transform, somebody writes, candidate, transform again, judge."""
    broken = copy_of(untouched)
    broken.build()
    assert refused_by_dbt(broken) == set()
    broken.change("update marts.dim_accounts set industry = 'retail' where account_id = 'A3'")
    candidate.build(broken.house, broken.dbt_manifest)
    assert refused_by_dbt(broken) == {reconciliation.DBT_MARTS}
    broken.change("update marts.dim_accounts set industry = 'manufacturing'")
    note_tested(broken.house, broken.dbt_manifest)
    assert refused_by_dbt(broken) == {reconciliation.DBT_MARTS}
    candidate.build(broken.house, broken.dbt_manifest)
    assert refused_by_dbt(broken) == set()


def test_without_a_note_of_what_was_tested_nothing_passes(
    judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    broken = copy_of(judged)
    (broken.house.dbt_target / "tested_tables.json").unlink()
    assert refused_by_dbt(broken) == {reconciliation.DBT_MARTS}


def test_a_table_of_the_books_that_is_missing_is_a_check_that_did_not_run(
    judged: Company, copy_of: Callable[[Company], Company]
) -> None:
    broken = copy_of(judged)
    broken.change("drop table activity.act_source_coverage")
    results = judged_books(broken)
    coverage = next(r for r in results if r.id.endswith("required_sources_cover_the_day"))
    assert coverage.status == "did_not_run"
    assert coverage.refuses


def test_there_are_at_least_thirty_planted_defects() -> None:
    assert len(IN_TABLES) + len(IN_BOOKS) >= 30
