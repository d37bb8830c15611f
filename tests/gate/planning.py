"""Targets, plan, forecast and actions of the gate's small company, and a defect for each of their checks.

Made of its scorecard, with the published columns their suites speak of.
"""

from __future__ import annotations

MARTS: dict[str, str] = {
    # June's dials of the company were lowered from 600 to 500 on the 5th.
    "kpi_targets": """
        with targets as (
            select period_type, period_start, period_end, scope_type, scope_key, metric, target as value
            from marts.kpi_scorecard where target is not null
        ),
        revisions as (
            select *, 1::bigint as revision, period_start as valid_from, null::date as valid_to,
                   true as is_current
            from targets
            where not (period_type = 'month' and period_start = date '2026-06-01' and scope_type = 'company')
            union all
            select targets.* replace (revised.value as value), revised.revision, revised.valid_from,
                   revised.valid_to, revised.is_current
            from targets,
                 (values (600.0, 1, date '2026-06-01', date '2026-06-04', false),
                         (500.0, 2, date '2026-06-05', null, true)
                 ) as revised(value, revision, valid_from, valid_to, is_current)
            where period_type = 'month' and period_start = date '2026-06-01' and scope_type = 'company'
        )
        select *, case when is_current then 'in_force' else 'superseded' end as state, 'M1' as owner,
               true as is_specific
        from revisions
    """,
    "kpi_success_factors": """
        select 'won_amount_yen' as kgi_metric, 'F1' as factor_id, metric, period_type, period_start,
               scope_type, scope_key, value, target, status, true as is_metric_known, true as is_kgi_known
        from marts.kpi_scorecard
        where metric in ('dials', 'connect_rate') and scope_type = 'company'
    """,
    # Of the dials aimed at every second one is an approach more.
    "kpi_backward_plan": """
        select period_type, period_start, scope_type, scope_key, metric as kgi_metric, 'mature' as rate_basis,
               steps.*, target as goal, 'own_target' as goal_source,
               case step when 'dials' then target else target / 0.5 end as required,
               case step when 'dials' then target else target / 0.5 end as still_required,
               'ok' as status, false as is_flagged, null::varchar as finding_ja, null::varchar as finding_en
        from marts.kpi_scorecard,
             (values ('dials', 0::bigint, null::double, null::double, null::double, null::double,
                      null::double),
                     ('approaches', 1, 0.5, 50, 100, 0.4, 0.6)
             ) as steps(step, step_number, rate, rate_numerator, rate_denominator, rate_low, rate_high)
        where metric = 'dials' and scope_type = 'company'
    """,
    "kpi_forecast": """
        select period_type, period_start, period_end, scope_type, scope_key, metric, value, target,
               value + 2 as landing, value as landing_low_95, value + 1 as landing_low_80,
               value + 3 as landing_high_80, value + 4 as landing_high_95, 'ok' as status,
               false as is_flagged, null::varchar as finding_ja, null::varchar as finding_en
        from marts.kpi_scorecard
        where metric in ('dials', 'connects') and period_start = date '2026-04-01' and period_type = 'quarter'
    """,
    "kpi_actions": """
        select 'A1' as action_id, 'M1' as owner, 'company' as scope_type, 'company' as scope_key,
               'connect_rate' as metric, date '2026-06-01' as from_date, date '2026-04-02' as before_from,
               date '2026-05-31' as before_to, date '2026-06-30' as after_to,
               200.0::double as before_numerator, 1000.0::double as before_denominator,
               0.2::double as before_value, 300.0::double as after_numerator,
               1000.0::double as after_denominator, 0.3::double as after_value,
               0.3 - 0.2::double as difference,
               0.06::double as difference_low, 0.14::double as difference_high, 'improved' as verdict,
               null::varchar as reason, true as is_metric_known, true as is_scope_known, true as is_flagged,
               '改善した' as finding_ja, 'It improved' as finding_en
    """,
}

# check → what breaks a good release so that this check must notice
DEFECTS: dict[str, str] = {
    "kpi_targets.one_revision_is_in_force": "update kpi_targets set is_current = true",
    "kpi_targets.revisions_follow_each_other": (
        "update kpi_targets set valid_to = date '2026-06-10' where revision = 1 and valid_to is not null"
    ),
    "kpi_targets.the_scorecard_shows_the_target_in_force": "update kpi_targets set value = value + 1",
    "kpi_targets.every_target_can_be_counted": "update kpi_targets set is_specific = false",
    "kpi_success_factors.words_are_known": "update kpi_success_factors set status = 'fine'",
    "kpi_success_factors.figures_are_the_scorecards": "update kpi_success_factors set value = value + 1",
    "kpi_success_factors.factors_are_measured_by_known_metrics": (
        "update kpi_success_factors set is_metric_known = false"
    ),
    "kpi_backward_plan.words_are_known": "update kpi_backward_plan set status = 'fine'",
    "kpi_backward_plan.nothing_is_guessed": "update kpi_backward_plan set status = 'no_rate'",
    "kpi_backward_plan.every_step_follows_from_the_one_before": (
        "update kpi_backward_plan set required = required + 1 where step_number = 1"
    ),
    "kpi_backward_plan.rates_are_ratios_of_their_sums": (
        "update kpi_backward_plan set rate_numerator = 60 where step_number = 1"
    ),
    "kpi_backward_plan.the_company_s_goal_is_its_target": "update kpi_backward_plan set goal = goal + 1",
    "kpi_backward_plan.findings_are_told_in_both_languages": (
        "update kpi_backward_plan set is_flagged = true"
    ),
    "kpi_forecast.words_are_known": "update kpi_forecast set status = 'fine'",
    "kpi_forecast.periods_are_running": (
        "update kpi_forecast set period_end = date '2026-06-29' where scope_type = 'company'"
    ),
    "kpi_forecast.intervals_hold_the_landing": "update kpi_forecast set landing = value - 1",
    "kpi_forecast.figures_are_the_scorecards": (
        "update kpi_forecast set value = value + 1 where scope_type = 'company'"
    ),
    "kpi_forecast.findings_are_told_in_both_languages": "update kpi_forecast set finding_en = 'late'",
    "kpi_actions.verdicts_are_known": "update kpi_actions set verdict = 'great'",
    "kpi_actions.a_conclusion_has_an_interval_and_anything_else_a_reason": (
        "update kpi_actions set difference_low = -0.01"
    ),
    "kpi_actions.values_are_ratios_of_their_sums": "update kpi_actions set after_value = 0.35",
    "kpi_actions.windows_do_not_touch": "update kpi_actions set before_to = from_date",
    "kpi_actions.actions_name_known_things": "update kpi_actions set is_scope_known = false",
    "kpi_actions.findings_are_told_in_both_languages": "update kpi_actions set finding_ja = null",
}
