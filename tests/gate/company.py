"""A company small enough to read: its work database, dbt's results and its house, all in good order.

Made by SQL from a few formulas, with the published columns the gate's suites speak of. Everything the
gate looks at balances here; a test breaks one thing and sees who notices.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lib import candidate, gate, reconciliation
from dagster_project.lib.audit import Audit
from dagster_project.lib.transformation import note_tested
from dagster_project.settings import House, Settings
from tests.gate import diagnosis, planning

RUN = "20260630-20260701T050000000000"
AS_OF = "2026-06-30"
PREVIOUS_RUN = "20260531-20260601T050000000000"

_FACT = "'9f' as source_file_id, 'miitel/calls.csv' as source_file, i::bigint as source_record"

MARTS: dict[str, str] = {
    "dim_dates": """
        select d::date as date, date_trunc('week', d)::date as week_start,
               date_trunc('month', d)::date as month_start, date_trunc('quarter', d)::date as quarter_start,
               (case when month(d) >= 4 then make_date(year(d), 4, 1)
                     else make_date(year(d) - 1, 4, 1) end) as fiscal_year_start,
               (year(d) - (month(d) < 4)::int)::integer as fiscal_year,
               isodow(d)::integer as weekday, isodow(d) <= 5 as is_business_day,
               false as is_company_holiday, null::varchar as holiday_name,
               d <= date '2026-06-30' as is_as_of_or_before
        from range(date '2026-04-01', date '2027-04-01', interval 1 day) as days(d)
    """,
    "dim_reps": """
        select * from (values
            ('R1', '佐藤 一郎', '東京1課', '法人', 'sdr', 'M1', date '2025-04-01', date '9999-12-31',
             true, true),
            ('R2', '鈴木 花子', '東京2課', '法人', 'bdr', 'M1', date '2025-04-01', date '2026-05-31',
             false, true),
            ('R2', '鈴木 花子', '東京1課', '法人', 'bdr', 'M1', date '2026-06-01', date '9999-12-31',
             true, true),
            ('R3', '高橋 次郎', '営業部', '法人', 'field_sales', 'M1', date '2025-04-01',
             date '9999-12-31', true, false)
        ) as reps(rep_id, rep_label, team, business_unit, motion, manager_rep_id, valid_from, valid_to,
                  is_current, has_cti)
    """,
    "dim_accounts": """
        select 'A' || i as account_id, 'manufacturing' as industry, i % 2 = 0 as is_target
        from range(30) as n(i)
    """,
    "dim_channels": """
        select * from (values ('展示会', 'オフライン', date '2026-04-01'),
                              ('検索広告', 'オンライン', date '2026-04-01'),
                              ('(none)', '(none)', date '2026-04-01')
        ) as channels(channel, channel_group, first_seen_on)
    """,
    "dim_metrics": """
        select metric, metric as name_ja, metric as name_en, metric as label_ja, metric as label_en,
               category, unit, 'up' as direction, 20::bigint as minimum_sample,
               unit <> 'ratio' as is_additive, row_number() over () as position,
               true as is_headline, 'cti' as needs, 'none' as maturity, 'company, team, rep' as scopes,
               case when unit = 'ratio' then 'ratio' else 'simple' end as metric_type,
               case when unit = 'ratio' then 'connects' else metric end as numerator,
               'fct_calls' as numerator_table, 'called_on' as numerator_date,
               'sum(1)' as numerator_sql, 'is_dial' as numerator_rows, '1' as numerator_each,
               case when unit = 'ratio' then 'dials' end as denominator,
               case when unit = 'ratio' then 'fct_calls' end as denominator_table,
               case when unit = 'ratio' then 'called_on' end as denominator_date,
               case when unit = 'ratio' then 'is_dial' end as denominator_rows,
               case when unit = 'ratio' then '1' end as denominator_each,
               metric || 'の定義' as definition_ja, 'What ' || metric || ' means' as definition_en,
               metric || 'の目的' as purpose_ja, 'Why ' || metric as purpose_en, 'M1' as owner,
               1::bigint as definition_version
        from (values
            ('dials', '量', 'calls'), ('emails_sent', '量', 'emails'), ('approaches', '量', 'approaches'),
            ('connects', '量', 'calls'), ('connect_rate', '質', 'ratio'),
            ('meeting_conversion_rate', '質', 'ratio'), ('effective_meeting_rate', '質', 'ratio'),
            ('meetings_booked', '成果', 'meetings'), ('meetings_held', '成果', 'meetings'),
            ('meetings_acquired', '成果', 'meetings'), ('opportunities_created', '成果', 'opportunities'),
            ('wins', '成果', 'opportunities'), ('won_amount_yen', '成果', 'yen')
        ) as metrics(metric, category, unit)
    """,
    # Two inside-sales reps, twelve calls each on every business day from April to June.
    "fct_calls": f"""
        with calls as (
            select row_number() over (order by date, rep, n) as i, date, rep, n
            from marts.dim_dates, (values ('R1'), ('R2')) as reps(rep), range(12) as numbers(n)
            where is_business_day and date <= date '2026-06-30'
        )
        select 'miitel:' || i as call_id, date as called_on, date + interval (1 + n % 8) hour as started_at,
               'miitel' as source_id, 'cti' as call_origin, rep as rep_id,
               case when rep = 'R1' or date >= date '2026-06-01' then '東京1課' else '東京2課' end as team,
               '法人' as business_unit, case when rep = 'R1' then 'sdr' else 'bdr' end as motion,
               'M1' as manager_rep_id, 'p' || (i % 200) as person_id, 'A' || (i % 30) as account_id,
               'person' as match_level, 'phone' as match_basis,
               case when i % 2 = 0 then 'オンライン' else 'オフライン' end as channel_group,
               case when i % 2 = 0 then '検索広告' else '展示会' end as channel, '(none)' as campaign,
               '(none)' as call_list, i % 30 < 10 as is_target_account,
               'outbound' as direction, false as is_open, true as is_dial, n < 5 as is_answered,
               'not_measured' as answered_by, false as is_machine, true as has_agent,
               n < 3 as is_human_reached,
               n < 2 as is_connect,
               case when n = 0 then 'disposition' when n = 1 then 'speech' else 'none' end as connect_basis,
               false as is_unidentified_party, false as is_inbound_connect, n = 11 as is_wrong_number,
               false as is_do_not_call, case when n = 0 then 'connected' end as disposition,
               false as has_disposition_conflict, n < 2 as has_analysis, null::boolean as has_key_person,
               (case when n < 5 then 20.0 + 30 * (5 - n) else 0 end)::double as talk_seconds,
               false as is_overlong,
               (case when n < 2 then 8 end)::bigint as turn_count, 1::bigint as leg_count, {_FACT}
        from calls
    """,
    "fct_emails": f"""
        with emails as (
            select row_number() over (order by date, rep) as i, date, rep
            from marts.dim_dates, (values ('R1'), ('R2')) as reps(rep)
            where is_business_day and date <= date '2026-06-30'
        )
        select 'sf:' || i as email_id, date as sent_on, date + interval 3 hour as sent_at, 'sf' as source_id,
               rep as rep_id,
               case when rep = 'R1' or date >= date '2026-06-01' then '東京1課' else '東京2課' end as team,
               '法人' as business_unit, case when rep = 'R1' then 'sdr' else 'bdr' end as motion,
               'M1' as manager_rep_id, 'p' || i as person_id, 'A' || (i % 30) as account_id,
               'オフライン' as channel_group, '展示会' as channel, '(none)' as campaign,
               i % 30 < 10 as is_target_account, {_FACT}
        from emails
    """,
    # One meeting per rep and business day: of ten, six held, two missed, two with unknown outcome.
    "fct_approaches": """
        select 'call:' || call_id as approach_id, 'dial' as approach_kind, called_on as approached_on,
               rep_id, team, business_unit, motion, person_id, account_id, channel, campaign,
               is_target_account, source_file_id, source_file, source_record
        from marts.fct_calls where is_dial
        union all
        select 'email:' || email_id, 'email', sent_on, rep_id, team, business_unit, motion, person_id,
               account_id, channel, campaign, is_target_account, source_file_id, source_file,
               source_record
        from marts.fct_emails
    """,
    "fct_rep_days": """
        select rep_id, dim_dates.date, team, business_unit, motion, manager_rep_id, has_cti,
               is_business_day, case when is_business_day then 1.0 else 0.0 end::double as working_day,
               'r0' as source_file_id, 'planning/roster.csv' as source_file, 1::bigint as source_record
        from marts.dim_reps
        inner join marts.dim_dates on dim_dates.date between valid_from and valid_to
        where dim_dates.date <= date '2026-06-30'
    """,
    "dim_scopes": """
        select scope_type, scope_type as name_ja, scope_type as name_en, null::varchar as columns,
               scope_type as key_sql, row_number() over () as position
        from (values ('company'), ('business_unit'), ('team'), ('rep'), ('motion'), ('channel'),
                     ('campaign'), ('call_list'), ('team_channel')) as scopes(scope_type)
    """,
    "fct_meetings": f"""
        with bookings as (
            select row_number() over (order by date, rep) as i, date, rep
            from marts.dim_dates, (values ('R1'), ('R2')) as reps(rep)
            where is_business_day and date <= date '2026-06-30'
        ),
        judged as (
            select *, case when date + 5 > date '2026-06-30' then 'scheduled' when i % 10 < 6 then 'held'
                           when i % 10 < 8 then 'no_show' else 'unknown' end as outcome,
                   case when i % 10 < 4 and date + 5 <= date '2026-06-30' then 'accepted'
                        when i % 10 = 4 then 'rejected'
                        when date + 35 >= date '2026-06-30' then 'pending' else 'expired' end as decision
            from bookings
        )
        select 'ev' || i as event_id, 'ev' || i as meeting_id, date as booked_on,
               date + interval 4 hour as booked_at, date + 5 as meeting_on, 'sf' as source_id, rep as rep_id,
               case when rep = 'R1' or date >= date '2026-06-01' then '東京1課' else '東京2課' end as team,
               '法人' as business_unit, case when rep = 'R1' then 'sdr' else 'bdr' end as motion,
               'M1' as manager_rep_id, 'R3' as field_rep_id, 'p' || i as person_id,
               'A' || (i % 30) as account_id, 'オフライン' as channel_group, '展示会' as channel,
               '(none)' as campaign, outcome, 'field' as outcome_basis, null::varchar as ineligible_reason,
               true as is_booked, false as is_rescheduled, outcome = 'held' as is_held,
               outcome = 'no_show' as is_no_show, true as is_acquired, date as acquired_on,
               true as is_from_connect, decision, decision = 'accepted' as is_accepted,
               decision = 'rejected' as is_rejected, decision = 'pending' as is_pending,
               decision = 'expired' as is_expired,
               case when decision = 'accepted' then date + 5 end as accepted_on, {_FACT}
        from judged
    """,
    # Every accepted meeting has its opportunity; a quarter is won, a quarter lost.
    "fct_opportunities": """
        with accepted as (
            select row_number() over (order by meeting_id) as i, * from marts.fct_meetings where is_accepted
        )
        select 'op' || i as opportunity_id, accepted_on as created_on, accepted_on as close_on,
               'sf' as source_id, rep_id, team, business_unit, motion, manager_rep_id, 'R3' as owner_rep_id,
               person_id, account_id, channel_group, channel, campaign, meeting_id,
               'explicit' as credit_basis, true as is_sourced, 'new' as deal_type, 'stage' as stage,
               true as is_stage_known,
               i % 4 > 1 as is_open, i % 4 = 0 as is_won, i % 4 = 1 as is_lost,
               case when i % 4 = 0 then accepted_on end as won_on,
               case when i % 4 = 1 then accepted_on end as lost_on,
               1e6 + 1e5 * i as amount_at_creation_yen, 1e6 + 1e5 * i as amount_yen,
               true as is_amount_at_creation_recorded, false as is_amount_missing_at_creation,
               false as is_amount_unconverted_at_creation,
               false as is_amount_missing, false as is_amount_unconverted, i % 4 = 0 as is_won_of_cohort,
               i % 4 > 1 as is_open_of_cohort, null::bigint as days_to_close,
               source_file_id, source_file, source_record
        from accepted
    """,
    # A form a day, dialled after ten minutes: of four three, and two reached. The last has no person.
    "fct_hand_raises": f"""
        with forms as (
            select row_number() over (order by date) as i, date, date + interval 2 hour as raised_at
            from marts.dim_dates where is_business_day and date <= date '2026-06-30'
        ),
        answered as (
            select forms.*, i % 4 > 0 and i % 20 > 0 as is_attempted, i % 4 > 1 as is_connected,
                   i % 20 > 0 as is_linked, dialled.call_id
            from forms
            left join (
                select called_on, min(call_id) as call_id from marts.fct_calls where is_connect
                group by called_on
            ) as dialled on forms.date = dialled.called_on
        )
        select 'hubspot:form_submitted:' || i as hand_raise_id, date as raised_on, raised_at,
               'form_submitted' as touch_type, 'sf' as source_id,
               case when is_attempted then 'R1' else '(unassigned)' end as rep_id, '東京1課' as team,
               '法人' as business_unit, 'sdr' as motion, 'M1' as manager_rep_id,
               case when is_linked then fct_calls.person_id end as person_id, 'A1' as account_id,
               'オフライン' as channel_group, '展示会' as channel, '(none)' as campaign, is_linked,
               is_attempted, is_connected, is_linked and not is_attempted as is_open,
               raised_at as clock_started_at, date as clock_started_on, 'planning' as hours_basis,
               case when is_attempted then raised_at + interval 10 minute end as attempted_at,
               case when is_attempted then date end as attempted_on,
               case when is_attempted then 'dial' end as attempt_kind,
               case when is_attempted then answered.call_id end as attempt_id,
               case when is_connected then raised_at + interval 10 minute end as connected_at,
               case when is_connected then answered.call_id end as connect_call_id,
               case when is_attempted then 10.0::double end as business_minutes_to_attempt,
               case when is_attempted then 10.0::double end as clock_minutes_to_attempt,
               case when is_connected then 10.0::double end as business_minutes_to_connect,
               case when is_connected then 10.0::double end as clock_minutes_to_connect,
               case when is_linked and not is_attempted then 900.0::double end as open_business_minutes,
               false as is_within_5_minutes, is_linked as is_due_5_minutes,
               is_attempted as is_within_30_minutes, is_linked as is_due_30_minutes,
               is_attempted as is_within_60_minutes, is_linked as is_due_60_minutes,
               is_attempted as is_within_same_day, is_linked as is_due_same_day, {_FACT}
        from answered left join marts.fct_calls on answered.call_id = fct_calls.call_id
    """,
    "kpi_speed_to_lead": """
        with months as (
            select dim_dates.month_start as period_start, raised.*
            from marts.fct_hand_raises as raised
            inner join marts.dim_dates on raised.raised_on = dim_dates.date
        )
        select 'month' as period_type, period_start, last_day(period_start) as period_end,
               true as is_period_over, 'company' as scope_type, 'company' as scope_key,
               count(*) as hand_raises, count(*) filter (where is_linked) as hand_raises_linked,
               count(*) filter (where is_attempted) as hand_raises_attempted,
               count(*) filter (where is_connected) as hand_raises_connected,
               count(*) filter (where is_open) as hand_raises_open,
               0::bigint as hand_raises_within_5_minutes,
               count(*) filter (where is_within_30_minutes) as hand_raises_within_30_minutes,
               count(*) filter (where is_within_60_minutes) as hand_raises_within_60_minutes,
               10.0::double as median_business_minutes_to_attempt,
               null::double as p90_business_minutes_to_attempt,
               10.0::double as median_business_minutes_to_connect,
               null::double as p90_business_minutes_to_connect,
               max(open_business_minutes) as oldest_open_business_minutes,
               count(*) filter (where is_attempted) / count(*) filter (where is_linked)
                   as hand_raise_attempted_share,
               30::bigint as covered_days, 0::bigint as uncovered_days, 'ok' as status
        from months group by period_start
    """,
    "dim_call_lists": """
        select call_list, '(none)' as list_origin, false as is_named_by_planning,
               min(called_on) as first_dialled_on, max(called_on) as last_dialled_on,
               count(*) as dials, count(distinct person_id) as persons_dialled
        from marts.fct_calls group by call_list
    """,
    # One list of ten accounts, looked at on the as-of day alone.
    "fct_target_accounts": """
        with windows as (
            select * from (values ('trailing', date '2026-04-02'), ('quarter_to_date', date '2026-04-01'))
                as windows(look_back, window_start)
        )
        select date '2026-06-30' as as_of_on, '重点先' as list_name, account_id, look_back, window_start,
               true as is_known, true as is_approached, bool_or(is_connect) as is_connected,
               false as is_met, false as has_opportunity, min(called_on) as first_approached_on,
               min(called_on) filter (where is_connect) as first_connected_on,
               null::date as first_met_on, null::date as first_opportunity_on, count(*) as approaches,
               count(*) filter (where is_connect) as connects, 0::bigint as meetings_held,
               0::bigint as opportunities_created, count(distinct person_id) as persons_approached,
               count(distinct person_id) filter (where is_connect) as persons_reached,
               string_agg(distinct rep_id, ', ' order by rep_id) as approached_by
        from marts.fct_calls, windows where is_target_account and called_on >= window_start
        group by account_id, look_back, window_start
    """,
    "kpi_account_coverage": """
        with counts as (
            select as_of_on, list_name, look_back, window_start, count(*) as accounts,
                   0::bigint as accounts_unknown,
                   count(*) filter (where is_approached) as accounts_approached,
                   count(*) filter (where is_connected) as accounts_connected, 0::bigint as accounts_met,
                   0::bigint as accounts_with_opportunity,
                   sum(persons_approached)::bigint as persons_approached,
                   sum(persons_reached)::bigint as persons_reached
            from marts.fct_target_accounts group by all
        )
        select *, accounts_approached / accounts as approached_share,
               accounts_connected / accounts as connected_share, accounts_met / accounts as met_share,
               accounts_with_opportunity / accounts as opportunity_share,
               persons_reached / nullif(accounts_connected, 0) as persons_per_account_reached,
               91::bigint as covered_days, 0::bigint as uncovered_days, 'ok' as status
        from counts, (values ('company', 'company'), ('rep', 'R1')) as scopes(scope_type, scope_key)
    """,
    "kpi_rep_daily": """
        with things as (
            select rep_id, called_on as date, channel, campaign, team, business_unit, motion, 'call' as what,
                   is_dial::int as dials, (is_dial and is_answered)::int as answered_calls,
                   (is_dial and is_human_reached)::int as human_reached,
                   (is_dial and is_connect)::int as connects,
                   is_inbound_connect::int as inbound_connects, is_wrong_number::int as wrong_numbers,
                   is_do_not_call::int as do_not_call, is_unidentified_party::int as unidentified_party,
                   case when is_human_reached then talk_seconds end as talk_seconds,
                   case when is_connect then talk_seconds end as connect_talk_seconds, turn_count as turns,
                   has_analysis::int as analysed_calls,
                   (has_analysis and is_connect)::int as analysed_connects
            from marts.fct_calls
            union all by name
            select rep_id, sent_on as date, channel, campaign, team, business_unit, motion, 1 as emails_sent
            from marts.fct_emails
            union all by name
            select rep_id, booked_on as date, channel, campaign, team, business_unit, motion,
                   is_booked::int as meetings_booked, is_acquired::int as meetings_acquired_of_cohort,
                   is_accepted::int as accepted, is_rejected::int as rejected, is_pending::int as pending,
                   is_expired::int as expired
            from marts.fct_meetings
            union all by name
            select rep_id, acquired_on as date, channel, campaign, team, business_unit, motion,
                   is_acquired::int as meetings_acquired
            from marts.fct_meetings where is_acquired
            union all by name
            select rep_id, meeting_on as date, channel, campaign, team, business_unit, motion,
                   is_held::int as meetings_held, is_no_show::int as no_shows
            from marts.fct_meetings where is_held or is_no_show
            union all by name
            select rep_id, created_on as date, channel, campaign, team, business_unit, motion,
                   1 as opportunities_created, amount_at_creation_yen as pipeline_created_yen
            from marts.fct_opportunities
            union all by name
            select rep_id, won_on as date, channel, campaign, team, business_unit, motion, 1 as wins,
                   amount_yen as won_amount_yen
            from marts.fct_opportunities where is_won
        ),
        sums as (
            select rep_id, date, channel, campaign, team, business_unit, motion, true as has_activity,
                   1.0::double as working_day,
                   coalesce(sum(dials), 0)::bigint as dials,
                   coalesce(sum(emails_sent), 0)::bigint as emails_sent,
                   (coalesce(sum(dials), 0) + coalesce(sum(emails_sent), 0))::bigint as approaches,
                   coalesce(sum(answered_calls), 0)::bigint as answered_calls,
                   coalesce(sum(human_reached), 0)::bigint as human_reached,
                   coalesce(sum(connects), 0)::bigint as connects,
                   coalesce(sum(inbound_connects), 0)::bigint as inbound_connects,
                   coalesce(sum(wrong_numbers), 0)::bigint as wrong_numbers,
                   coalesce(sum(do_not_call), 0)::bigint as do_not_call,
                   coalesce(sum(unidentified_party), 0)::bigint as unidentified_party,
                   coalesce(sum(talk_seconds), 0)::double as talk_seconds,
                   coalesce(sum(connect_talk_seconds), 0)::double as connect_talk_seconds,
                   coalesce(sum(turns), 0)::double as turns,
                   coalesce(sum(analysed_calls), 0)::bigint as analysed_calls,
                   coalesce(sum(analysed_connects), 0)::bigint as analysed_connects,
                   coalesce(sum(meetings_booked), 0)::bigint as meetings_booked,
                   coalesce(sum(meetings_acquired), 0)::bigint as meetings_acquired,
                   coalesce(sum(meetings_acquired_of_cohort), 0)::bigint as meetings_acquired_of_cohort,
                   coalesce(sum(meetings_held), 0)::bigint as meetings_held,
                   coalesce(sum(no_shows), 0)::bigint as no_shows,
                   coalesce(sum(accepted), 0)::bigint as accepted,
                   coalesce(sum(rejected), 0)::bigint as rejected,
                   coalesce(sum(pending), 0)::bigint as pending,
                   coalesce(sum(expired), 0)::bigint as expired,
                   coalesce(sum(opportunities_created), 0)::bigint as opportunities_created,
                   coalesce(sum(wins), 0)::bigint as wins,
                   coalesce(sum(pipeline_created_yen), 0)::double as pipeline_created_yen,
                   coalesce(sum(won_amount_yen), 0)::double as won_amount_yen
            from things group by rep_id, date, channel, campaign, team, business_unit, motion
        )
        select *, answered_calls / nullif(dials, 0) as answer_rate,
               human_reached / nullif(dials, 0) as human_rate,
               connects / nullif(dials, 0) as connect_rate,
               meetings_acquired / nullif(connects, 0) as meeting_conversion_rate,
               accepted / nullif(meetings_acquired_of_cohort, 0) as effective_meeting_rate, 'ok' as status,
               true as is_mature
        from sums
    """,
    "kpi_scorecard": """
        with days as (
            select daily.*, dim_dates.month_start, dim_dates.quarter_start
            from marts.kpi_rep_daily as daily inner join marts.dim_dates using (date)
        ),
        long as (
            unpivot (select month_start, quarter_start, team, rep_id, dials::double as dials,
                            emails_sent::double as emails_sent, approaches::double as approaches,
                            connects::double as connects, meetings_booked::double as meetings_booked,
                            meetings_held::double as meetings_held, wins::double as wins,
                            opportunities_created::double as opportunities_created, won_amount_yen
                     from days)
            on dials, emails_sent, approaches, connects, meetings_booked, meetings_held, wins,
               opportunities_created, won_amount_yen
            into name metric value amount
        ),
        scoped as (
            select *, 'company' as scope_type, 'company' as scope_key from long
            union all select *, 'team', team from long
            union all select *, 'rep', rep_id from long
        ),
        periods as (
            select 'month' as period_type, month_start as period_start, * from scoped
            union all select 'quarter', quarter_start, * from scoped
        ),
        sums as (
            select period_type, period_start, scope_type, scope_key, metric, sum(amount) as numerator,
                   null::double as denominator
            from periods group by all
        ),
        rates as (
            select period_type, period_start, scope_type, scope_key, 'connect_rate' as metric,
                   sum(numerator) filter (where metric = 'connects') as numerator,
                   sum(numerator) filter (where metric = 'dials') as denominator
            from sums group by period_type, period_start, scope_type, scope_key
        ),
        united as (select * from sums union all select * from rates)
        select period_type, period_start,
               (case period_type when 'month' then period_start + interval 1 month - interval 1 day
                else period_start + interval 3 month - interval 1 day end)::date as period_end,
               true as is_period_over, scope_type, scope_key, metric, numerator, denominator,
               case when denominator is null then numerator
                    else numerator / nullif(denominator, 0) end as value,
               case when metric = 'dials' then 500.0 end as target, null::double as previous_value,
               (date_diff('day', period_start, period_end) + 1)::bigint as covered_days,
               0::bigint as uncovered_days, 'ok' as status
        from united
    """,
    "kpi_channel_conversion": """
        select month as cohort_month, channel_group, channel, '(none)' as campaign, '(unassigned)' as motion,
               'first_touch' as attribution_model, 60::bigint as leads, 66::bigint as lead_records,
               50::bigint as reached_mql, 40::bigint as reached_worked, 20::bigint as reached_connected,
               12::bigint as reached_meeting, 5::bigint as reached_accepted, 6::bigint as reached_opportunity,
               3::bigint as reached_won, 10::bigint as state_lead, 10::bigint as state_nurturing,
               20::bigint as state_worked, 8::bigint as state_connected, 6::bigint as state_meeting,
               1::bigint as state_accepted, 1::bigint as state_opportunity, 3::bigint as state_won,
               1::bigint as state_lost, 0.05 as lead_to_won_rate, 0.01 as lead_to_won_rate_low,
               0.14 as lead_to_won_rate_high, month < date '2026-06-01' as is_cohort_over,
               case when month < date '2026-06-01' then 'ok' else 'maturing' end as status
        from (values (date '2026-04-01'), (date '2026-05-01'), (date '2026-06-01')) as months(month),
             marts.dim_channels
        where channel <> '(none)'
    """,
    # Of 60 leads a month and channel 12 met, 6 of them with a deal, 5 of these accepted, 3 won, 1 lost.
    "fct_leads": """
        select cohort_month || channel || i as person_id, 'sf' as source_id, 'R1' as rep_id,
               '東京1課' as team, '法人' as business_unit, 'sdr' as motion, 'M1' as manager_rep_id,
               channel_group, channel, campaign, channel_group as last_touch_channel_group,
               channel as last_touch_channel, campaign as last_touch_campaign,
               case when i < 3 then 'won' when i < 4 then 'lost' when i < 5 then 'accepted'
                    when i < 6 then 'opportunity' when i < 12 then 'meeting' when i < 20 then 'connected'
                    when i < 40 then 'worked' when i < 50 then 'nurturing' else 'lead' end as state,
               1::bigint as lead_records, (i < 6)::bigint as opportunities,
               (i < 6)::bigint as opportunities_credited, case when i < 6 then 1e6 else 0 end as pipeline_yen,
               case when i < 3 then 1e6 else 0 end as won_yen,
               case when i < 4 then 20::bigint end as days_to_outcome,
               i < 50 as is_mql, i < 40 as is_worked, i < 20 as is_connected, i < 12 as is_met,
               i < 5 as is_accepted, i < 6 as is_opportunity, i < 3 as is_won, i = 3 as is_lost,
               i in (4, 5) as is_still_open, i < 50 as has_reached_mql, i < 40 as has_reached_worked,
               i < 20 as has_reached_connected, i < 12 as has_reached_meeting,
               i < 5 as has_reached_accepted, i < 6 as has_reached_opportunity, i < 3 as has_reached_won,
               i = 3 as has_reached_lost, cohort_month as created_on, cohort_month as counted_on,
               cohort_month, case when i < 50 then cohort_month end as mql_on,
               case when i < 40 then cohort_month end as worked_on,
               case when i < 20 then cohort_month end as connected_on,
               case when i < 12 then cohort_month end as met_on,
               case when i < 5 then cohort_month end as accepted_on,
               case when i < 6 then cohort_month end as opportunity_on,
               case when i < 3 then cohort_month end as won_on,
               case when i = 3 then cohort_month end as lost_on,
               '9f' as source_file_id, 'sf/Lead.csv' as source_file, i::bigint as source_record
        from marts.kpi_channel_conversion, range(60) as n(i)
    """,
    "fct_nurture": """
        select subject || i as nurture_id, 'ma' as source_id, 'p' || i as person_id, subject,
               case when subject = 'score_band' then '<20' else 'one' end as segment,
               'オンライン' as channel_group, '検索広告' as channel,
               case when subject = 'score_band' then 0::bigint end as segment_place,
               case when subject = 'score_band' then 10.0 end as score,
               subject = 'email' as is_sent, subject = 'email' as is_delivered,
               false as is_delivery_derived, false as is_bounced, subject = 'email' and i < 8 as is_opened,
               false as is_opened_unchecked, subject = 'email' and i < 2 as is_clicked,
               false as is_clicked_unchecked, false as is_unsubscribed, subject = 'seminar' as is_registered,
               subject = 'seminar' and i < 12 as is_attended,
               subject = 'seminar' and i between 12 and 15 as is_no_show,
               subject = 'seminar' and i = 16 as is_cancelled,
               subject = 'score_band' as is_handed_over, subject = 'return' as is_returned,
               subject in ('score_band', 'return') and i < 5 as has_met,
               subject in ('score_band', 'return') and i < 1 as has_won, date '2026-04-10' as happened_on,
               case when subject = 'return' then date '2026-04-01' end as nurtured_from,
               '9f' as source_file_id, 'ma/events.jsonl' as source_file, i::bigint as source_record
        from (values ('email'), ('seminar'), ('score_band'), ('return')) as subjects(subject),
             range(20) as n(i)
    """,
    "kpi_nurture": """
        with counted as (
            select date_trunc('month', happened_on)::date as month, subject, segment, channel_group, channel,
                   count(*) filter (where is_sent) as sent, count(*) filter (where is_opened) as opened,
                   count(*) filter (where is_clicked) as clicked,
                   count(*) filter (where is_attended) as attended,
                   count(*) filter (where is_no_show) as no_shows,
                   count(*) filter (where is_cancelled) as cancelled,
                   count(*) filter (where has_met) as met, count(*) filter (where has_won) as won,
                   count(*) as n
            from marts.fct_nurture group by all
        )
        select month, subject, segment, channel_group, channel,
               case when subject = 'email' then sent end as emails_sent,
               case when subject = 'email' then sent end as emails_delivered,
               case when subject = 'email' then 0 end as emails_bounced,
               case when subject = 'email' then opened end as emails_opened,
               case when subject = 'email' then clicked end as emails_clicked,
               case when subject = 'seminar' then n end as registered,
               case when subject = 'seminar' then attended end as attended,
               case when subject = 'seminar' then no_shows end as no_shows,
               case when subject = 'seminar' then cancelled end as cancelled,
               case when subject = 'seminar' then attended + no_shows end as attendance_known,
               case when subject in ('score_band', 'return') then n end as leads,
               case when subject in ('score_band', 'return') then met end as leads_met,
               case when subject in ('score_band', 'return') then won end as leads_won,
               emails_opened::double / nullif(emails_delivered, 0) as open_rate,
               attended_share as attendance_rate, leads_met::double / nullif(leads, 0) as meeting_rate,
               true as is_month_over, 'ok' as status
        from (select *, case when subject = 'seminar' then attended::double / nullif(attended + no_shows, 0)
                        end as attended_share from counted)
    """,
    # Every opportunity from its first day to the as-of day, or one day long.
    "kpi_pipeline": """
        with days as (
            select *, unnest(generate_series(created_on, case when is_open then date '2026-06-30'
                   else created_on end, interval 1 day))::date as date
            from marts.fct_opportunities
        )
        select opportunity_id, date, rep_id, team, business_unit, motion, channel, deal_type,
               case when is_won then 'won' when is_lost then 'lost' else 'open' end as state, stage,
               0.3::double as probability, amount_yen, date - created_on as age_days,
               date - created_on as days_in_stage, is_sourced, is_open, is_won, is_lost,
               false as is_taken_back, true as is_stage_known, true as is_amount_known,
               false as is_amount_missing, false as is_amount_unconverted,
               is_open and date = created_on as has_entered, false as has_left, false as is_reopened
        from days
    """,
    # 400 dials of one rule, half of them right; the connects are those of the calls.
    "kpi_connect_calibration": """
        with settings as (
            select * from (values ('speech', 'as_configured', null, 150),
                                  ('duration', 'as_configured', null, 150),
                                  ('duration', '30 s', 30, 180), ('duration', '90 s', 90, 120)
            ) as settings(rule, setting, threshold_seconds, judged)
        ),
        calls as (
            select count(*) filter (where connect_basis = 'speech') as speech, count(*) as connects
            from marts.fct_calls where is_dial and is_connect
        )
        select rule, setting, threshold_seconds::bigint as threshold_seconds, 'all' as period_type,
               date '2026-04-01' as period_start, 'company' as scope_type, 'company' as scope_key,
               400::bigint as calibration_dials, 100::bigint as true_positives,
               (judged - 100)::bigint as false_positives, 50::bigint as false_negatives,
               (250 - (judged - 100))::bigint as true_negatives, judged::bigint as judged_connects,
               150::bigint as told_connects, 3::bigint as dials_without_person,
               case when rule = 'speech' then speech else 0 end as connects_by_rule, connects,
               100 / judged as precision_rate, 100 / judged - 0.1 as precision_rate_low,
               100 / judged + 0.1 as precision_rate_high, 100 / 150 as recall_rate,
               100 / 150 - 0.1 as recall_rate_low, 100 / 150 + 0.1 as recall_rate_high,
               case when rule = 'speech' then speech else 0 end / connects as connects_by_rule_rate,
               91::bigint as covered_days, 0::bigint as uncovered_days, 'ok' as status
        from settings, calls
    """,
    "kpi_customer_voice": """
        select 'month' as period_type, date '2026-06-01' as period_start, scope_type, scope_key,
               20::bigint as responses, 1::bigint as comments_only, 20::bigint as rated_responses,
               10::bigint as promoters, 5::bigint as passives, 5::bigint as detractors,
               1600.0::double as score_sum, 80.0::double as mean_score, 25.0::double as net_promoter_score,
               30::bigint as covered_days, 0::bigint as uncovered_days, 'ok' as status
        from (values ('company', 'company'), ('team', '東京1課'), ('rep', 'R1'), ('channel', '展示会'),
                     ('account', 'A1')) as scopes(scope_type, scope_key)
    """,
    **planning.MARTS,
    **diagnosis.MARTS,
    "kpi_data_quality": """
        select * from (values
            ('miitel', 'history_legs', 'files_read', 1.0::double, null::double, 'info', true),
            ('miitel', 'history_legs', 'records_in', 100.0, null, 'info', true),
            ('miitel', '(all)', 'quarantine_share', 0.02, 0.05, 'critical', true)
        ) as checks(source_id, object_name, check_name, observed, expected, severity, passed)
    """,
    # Two late calls and a corrected one moved May's connect rate.
    "kpi_restatements": f"""
        with moved as (
            select 40.0 as old_numerator, 480.0 as old_denominator, 44.0 as new_numerator,
                   482.0 as new_denominator, cause, things, numerator_part, denominator_part
            from (values ('late_fact', 3::bigint, 3.0::double, 2.0::double),
                         ('correction', 1, 1.0, 0.0)
            ) as parts(cause, things, numerator_part, denominator_part)
        )
        select 'month' as period_type, date '2026-05-01' as period_start, date '2026-05-31' as period_end,
               'company' as scope_type, 'company' as scope_key, 'connect_rate' as metric,
               '{PREVIOUS_RUN}' as previous_release_id, date '2026-05-31' as previous_as_of_date, *,
               old_numerator / old_denominator as old_value, new_numerator / new_denominator as new_value,
               4.0 as numerator_difference, 2.0 as denominator_difference,
               new_numerator / new_denominator - old_numerator / old_denominator as value_difference,
               (numerator_part - 0.5 * (old_numerator / old_denominator + new_numerator / new_denominator)
                   * denominator_part) / (0.5 * (old_denominator + new_denominator)) as value_part,
               'コネクト率が動いた。' as sentence_ja, 'The connect rate moved.' as sentence_en
        from moved
    """,
    "release": f"""
        select '{RUN}' as release_id, date '{AS_OF}' as as_of_date, '{PREVIOUS_RUN}' as previous_release_id,
               date '2026-05-31' as previous_as_of_date, 'みらい商事' as company_name,
               'Asia/Tokyo' as reporting_timezone, 'booked' as shodan_event, '0.1.0+abc' as code_version,
               'c0ffee' as config_hash
    """,
}

# What ingestion and the activity layer left behind: one call file with two bad rows, one roster.
BOOKS = f"""
create schema raw_kura;
create table raw_kura.run as
    select date '{AS_OF}' as as_of_date, '{RUN}' as run_id, '0.1.0+abc' as code_version,
           'c0ffee' as config_hash;
create table raw_kura.settings as
    select 'みらい商事' as company_name, 'Asia/Tokyo' as reporting_timezone;
create table raw_kura.sources as
    select * from (values ('miitel', 'miitel', ['cti'], 'acme', true),
                          ('sf', 'salesforce', ['sfa'], '00D', true),
                          ('planning', 'planning', ['planning'], null, true)
    ) as sources(source_id, system, source_classes, account, is_required);
create table raw_kura.files as
    select * from (values
        ('f1', 'miitel', 'miitel', 'history_legs', 'miitel/calls.csv', null::varchar, repeat('a', 64),
         1000::bigint,
         'accepted', null::varchar, 100::bigint, 99::bigint, 1::bigint, true, 'rules', 'rules'),
        ('f2', 'sf', 'salesforce', 'leads', 'sf/lead.csv', null, repeat('b', 64), 500::bigint,
         'accepted', null, 10::bigint, 10::bigint, 0::bigint, true, 'rules', 'rules'),
        ('f3', 'planning', 'planning', 'roster', 'planning/roster.csv', null, repeat('c', 64), 200::bigint,
         'accepted', null, 4::bigint, 4::bigint, 0::bigint, true, 'rules', 'rules')
    ) as files(file_id, source_id, system, object_name, path, member, sha256, size_bytes, status,
               reject_code, records_in, records_accepted, records_quarantined, is_active,
               fingerprint, cast_under);
create table raw_kura.file_quarantine as
    select 'f1' as file_id, 7::bigint as record, 'bad_record' as reason_code, 'too few cells' as message;
create schema raw_miitel;
create table raw_miitel.history_legs as
    select 'f1' as _file_id, 'miitel' as _source_id, i::bigint as _record
    from range(1, 101) as n(i) where i <> 7;
create schema raw_salesforce;
create table raw_salesforce.leads as
    select 'f2' as _file_id, 'sf' as _source_id, i::bigint as _record from range(1, 11) as n(i);
create schema raw_planning;
create table raw_planning.roster as
    select 'f3' as _file_id, 'planning' as _source_id, i::bigint as _record from range(1, 5) as n(i);
create schema staging;
create table staging.stg_miitel__history_legs as
    select _source_id as source_id, _file_id as file_id, _record as record,
           case when _record = 9 then 'bad_timestamp:started_at' end as reject_reason
    from raw_miitel.history_legs;
create table staging.stg_salesforce__leads as
    select _source_id as source_id, _file_id as file_id, _record as record, null::varchar as reject_reason
    from raw_salesforce.leads;
create table staging.stg_planning__roster as
    select _source_id as source_id, _file_id as file_id, _record as record, null::varchar as reject_reason
    from raw_planning.roster;
create schema activity;
create table activity.act_rejected_records as
    select source_id, 'miitel' as system, 'history_legs' as object_name, file_id, record,
           null::integer as element, reject_reason
    from staging.stg_miitel__history_legs where reject_reason is not null;
-- Ninety-eight accepted legs: one of them delivered twice, two left to the other feed.
create table staging.stg_miitel__webhook_legs as
    select 'f0' as file_id, null::varchar as reject_reason from range(0);
create table staging.stg_mapped__call_legs as
    select 'f0' as file_id, null::varchar as reject_reason from range(0);
create table activity.act_call_leg_deliveries as
    select 'history' as feed, 'miitel:a' as cti_account, 'leg' || greatest(record, 2) as leg_id
    from staging.stg_miitel__history_legs where reject_reason is null;
create table activity.act_current_call_legs as
    select distinct * from activity.act_call_leg_deliveries;
create table activity.act_feed_choice as
    select 'miitel:a' as cti_account, 'webhook' as chosen_feed, 2::bigint as superseded_legs;
create table activity.act_call_legs as
    select *, leg_id as call_group_id, date '2026-06-01' as started_on
    from activity.act_current_call_legs where leg_id not in ('leg3', 'leg4');
create table activity.act_calls as
    select call_group_id as call_id, 'cti' as call_origin from activity.act_call_legs;
create table activity.act_rep_days as
    select 'R1' as rep_id, date '2026-06-01' + i::integer as date, true as has_cti,
        1.0::double as working_day
    from range(5) as days(i);
create table activity.act_need_coverage as
    select need, date '2026-06-01' + i::integer as date, true as is_covered
    from range(30) as days(i), (values ('cti'), ('sfa_tasks'), ('sfa_emails')) as needs(need);
create table activity.act_source_coverage as
    select source_id, d::date as date, true as is_covered, 'content' as basis
    from raw_kura.sources, range(date '2026-04-01', date '2026-07-01', interval 1 day) as days(d)
    where not list_contains(source_classes, 'planning');
"""


# What the activity layer holds of the very things the marts publish.
ACTIVITY_OF_MARTS = """
insert into activity.act_calls select 'other' || i, 'crm' from range(
    (select count(*) from marts.fct_calls) - (select count(*) from activity.act_calls)
) as n(i);
create table activity.act_emails as select email_id from marts.fct_emails;
create table activity.act_meeting_events as select event_id from marts.fct_meetings;
create table activity.act_hand_raises as select hand_raise_id from marts.fct_hand_raises;
create table activity.act_opportunities as select opportunity_id from marts.fct_opportunities;
create table activity.act_person_channels as
    select 'p' || i as person_id, true as is_lead
    from range((select sum(leads)::bigint from marts.kpi_channel_conversion)) as n(i);
"""


@dataclass(frozen=True)
class Company:
    """A house whose night has come as far as the marts."""

    house: House
    settings: Settings

    def change(self, *statements: str) -> None:
        """Break something in the work database."""
        with duckdb.connect(str(self.house.work_database)) as connection:
            for statement in statements:
                connection.execute(statement)

    def build(self) -> Path:
        """A candidate of the marts as they are, as if the models had made them so."""
        note_tested(self.house, self.dbt_manifest)
        return candidate.build(self.house, self.dbt_manifest)

    @property
    def dbt_manifest(self) -> Path:
        return self.house.dbt_target / "manifest.json"

    def judge(self) -> Audit:
        return gate.judge(self.house, self.settings)

    def next_run(self, run_id: str, as_of: str = AS_OF) -> None:
        """The work database and dbt's results as another run would leave them."""
        self.change(
            f"update raw_kura.run set run_id = '{run_id}', as_of_date = date '{as_of}'",
            f"update marts.release set release_id = '{run_id}', as_of_date = date '{as_of}'",
        )
        write_dbt_results(self.house, run_id)


def found(company: Company, root: Path) -> Company:
    """A copy of a company's house at `root`, so that a test may break it."""
    import shutil

    shutil.copytree(company.house.root, root, symlinks=True)
    return Company(House(root), company.settings)


def create(root: Path) -> Company:
    """The company at `root`, ready for its candidate."""
    house = House(root)
    house.work.mkdir(parents=True)
    house.state.mkdir()
    with duckdb.connect(str(house.work_database)) as connection:
        connection.execute(BOOKS)
        connection.execute("create schema marts")
        for name, query in MARTS.items():
            connection.execute(f"create table marts.{name} as {query}")
        for name, (key, models) in reconciliation.VERSIONED.items():
            for delivered in models:
                table = f"staging.stg_{delivered.model}"
                connection.execute(
                    f"create table if not exists {table} as "
                    "select '' as reject_reason, '' as source_id limit 0"
                )
                connection.execute(
                    f"alter table {table} add column if not exists {delivered.key or key} varchar"
                )
            connection.execute(
                f"create table activity.act_{name}_versions as "
                f"select 'x' as {key}, true as is_current limit 0"
            )
        connection.execute(
            "update staging.stg_salesforce__leads set lead_id = 'L' || record; "
            "insert into activity.act_leads_versions "
            "select lead_id, true from staging.stg_salesforce__leads"
        )
        connection.execute(ACTIVITY_OF_MARTS)
        columns = connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts' "
            "order by table_name, column_index"
        ).fetchall()
    write_dbt_manifest(house, columns)
    write_dbt_results(house, RUN)
    return Company(house, Settings(company_name="みらい商事"))


def write_dbt_manifest(house: House, columns: Sequence[tuple[str, str, str]]) -> None:
    """dbt's manifest.json, as far as the gate reads it: the marts and one test per mart."""
    nodes: dict[str, object] = {}
    for table, column, data_type in columns:
        node = nodes.setdefault(
            f"model.kpi_kura.{table}",
            {
                "resource_type": "model",
                "schema": "marts",
                "name": table,
                "description": f"One row per … of {table}.",
                "original_file_path": f"models/marts/{table}.sql",
                "config": {"materialized": "table"},
                "columns": {},
            },
        )
        assert isinstance(node, dict)
        node["columns"][column] = {"description": f"The {column}.", "data_type": data_type}
    for table in {table for table, _, _ in columns}:
        nodes[f"test.kpi_kura.keys_of_{table}.0"] = {
            "resource_type": "test",
            "schema": "tests",
            "name": f"keys_of_{table}",
            "config": {"severity": "ERROR", "materialized": "test"},
        }
    house.dbt_target.mkdir(parents=True, exist_ok=True)
    (house.dbt_target / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (house.dbt_target / "semantic_manifest.json").write_text(
        json.dumps(
            {"semantic_models": [], "metrics": [], "project_configuration": {"time_spines": []}}
        )
    )


def write_dbt_results(house: House, run_id: str, **statuses: str) -> None:
    """dbt's run_results of both commands; `statuses` gives a node (by its short name) another status."""
    nodes = json.loads((house.dbt_target / "manifest.json").read_text())["nodes"]
    for command, kind, good in (("run", "model", "success"), ("test", "test", "pass")):
        results = [
            {"unique_id": key, "status": statuses.get(key.split(".")[2], good)}
            for key, node in nodes.items()
            if node["resource_type"] == kind and statuses.get(key.split(".")[2]) != "absent"
        ]
        document = {"metadata": {"env": {"KPI_RUN_ID": run_id}}, "results": results}
        (house.dbt_target / f"run_results.{command}.json").write_text(json.dumps(document))
