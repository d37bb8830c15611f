"""The diagnosing tables of the gate's little company, and a defect for each of their checks."""

from __future__ import annotations

_PLACE = "period_type, period_start, scope_type, scope_key"

MARTS: dict[str, str] = {
    "kpi_balance": """
        select 'month' as period_type, date '2026-05-01' as period_start, 'rep' as scope_type,
               rep_id as scope_key, 20.0 as working_days, 100.0 as dials, 120.0 as approaches,
               20.0::double as connects, 5.0 as meetings_acquired, 4.0 as meetings_acquired_from_connect,
               3.0 as accepted, 1.0 as wins, 3.0 as accepted_of_decided, 4.0 as decided,
               1.0 as no_shows, 4.0 as meetings_with_outcome,
               case when rep_id = 'R1' then 'no_shows_rising' else '' end as flags,
               rep_id = 'R1' as is_flagged,
               case when rep_id = 'R1' then '不参加が増えている' end as finding_ja,
               case when rep_id = 'R1' then 'No-shows are rising' end as finding_en
        from (values ('R1'), ('R2')) as reps(rep_id)
    """,
    # Connects are short of the target and carry the whole difference of -2 accepted meetings.
    "kpi_bottleneck": """
        select 'month' as period_type, date '2026-05-01' as period_start, 'team' as scope_type,
               '東京1課' as scope_key, step, 'target' as benchmark, 'ok' as status, 0.1 as value,
               0.001 as p_value, case when step = 'connect_rate' then 0.005 else 0.5 end as q_value,
               case when step <> 'win_rate' then -2.0 end as accepted_difference,
               case step when 'connect_rate' then -2.0 when 'win_rate' then null else 0.0 end
                   as accepted_part,
               -1.0 as wins_difference,
               case step when 'connect_rate' then -1.0 else 0.0 end as wins_part,
               step = 'connect_rate' as is_flagged,
               case when step = 'connect_rate' then 'list_accuracy' end as probable_cause,
               case when step = 'connect_rate' then '架電リストの精度' end as finding_ja,
               case when step = 'connect_rate' then 'Accuracy of the list' end as finding_en
        from (values ('volume'), ('connect_rate'), ('meeting_conversion_rate'),
                     ('effective_meeting_rate'), ('win_rate')) as steps(step)
    """,
    "kpi_high_performers": """
        select 'quarter' as period_type, date '2026-04-01' as period_start, 'sdr' as motion, trait,
               case when trait = 'dials_per_day' then 'rate' else 'hour' end as trait_kind,
               6::bigint as people_compared, 'R1' as top_reps, 1::bigint as top_reps_count,
               0.5 as top_outcome_per_day, 0.2 as others_outcome_per_day, 1::bigint as top_people,
               5::bigint as others_people, top_numerator, top_denominator,
               top_numerator / top_denominator as top_value, others_numerator, others_denominator,
               others_numerator / others_denominator as others_value,
               top_numerator / top_denominator - others_numerator / others_denominator as difference,
               top_numerator / top_denominator - others_numerator / others_denominator - 0.1
                   as difference_low,
               top_numerator / top_denominator - others_numerator / others_denominator + 0.1
                   as difference_high,
               0.001 as p_value, 0.01 as q_value, trait = 'dials_per_day' as is_flagged,
               case when trait = 'dials_per_day' then '架電が多い' end as finding_ja,
               case when trait = 'dials_per_day' then 'Dials more' end as finding_en
        from (values ('dials_per_day', 100.0, 10.0, 400.0, 50.0), ('hour_morning', 60.0, 100.0, 200.0, 400.0),
                     ('hour_afternoon', 40.0, 100.0, 200.0, 400.0)
        ) as traits(trait, top_numerator, top_denominator, others_numerator, others_denominator)
    """,
    "kpi_contribution": """
        with days as (
            select daily.*, dim_dates.month_start, dim_dates.quarter_start
            from marts.kpi_rep_daily as daily inner join marts.dim_dates using (date)
        ),
        periods as (
            select 'month' as period_type, month_start as period_start, * from days
            union all select 'quarter', quarter_start, * from days
        ),
        reps as (
            select period_type, period_start, team, rep_id, sum(approaches)::bigint as approaches,
                   sum(connects)::bigint as connects, 0::bigint as meetings_acquired,
                   10::bigint as accepted, 5::bigint as accepted_mature, sum(wins)::bigint as wins,
                   sum(won_amount_yen)::double as won_amount_yen
            from periods group by all
        ),
        totals as (
            select *,
                   (sum(approaches) over team)::bigint as team_approaches,
                   (sum(connects) over team)::bigint as team_connects,
                   (sum(meetings_acquired) over team)::bigint as team_meetings_acquired,
                   (sum(accepted) over team)::bigint as team_accepted,
                   (sum(accepted_mature) over team)::bigint as team_accepted_mature,
                   (sum(wins) over team)::bigint as team_wins,
                   (sum(won_amount_yen) over team)::double as team_won_amount_yen,
                   (sum(approaches) over company)::bigint as company_approaches,
                   (sum(connects) over company)::bigint as company_connects,
                   (sum(accepted) over company)::bigint as company_accepted,
                   (sum(wins) over company)::bigint as company_wins
            from reps
            window team as (partition by period_type, period_start, team),
                   company as (partition by period_type, period_start)
        )
        select *,
               (case period_type when 'month' then period_start + interval 1 month - interval 1 day
                else period_start + interval 3 month - interval 1 day end)::date as period_end,
               true as is_period_over,
               connects::double / nullif(team_connects, 0) as connects_share_of_team,
               accepted::double / nullif(team_accepted, 0) as accepted_share_of_team,
               wins::double / nullif(team_wins, 0) as wins_share_of_team,
               approaches::double / nullif(company_approaches, 0) as approaches_share_of_company,
               connects::double / nullif(company_connects, 0) as connects_share_of_company,
               wins::double / nullif(company_wins, 0) as wins_share_of_company,
               0.1 as meetings_per_connect, 0.5 as accepted_per_meeting, 0.2 as wins_per_accepted,
               1000000.0 as average_won_amount_yen, 1000.0 as expected_yen_of_connects,
               accepted * 0.2 * 1000000.0 as expected_yen_of_accepted
        from totals
    """,
    "kpi_review": f"""
        select {_PLACE}, scorecard.metric, period_end, is_period_over, value, target, status,
               6::bigint as trend_periods, 0.1 as trend_slope, 0.05 as trend_slope_low,
               0.15 as trend_slope_high, 0.01 as trend_p_value, 0.02 as trend_q_value,
               'rising' as trend, 'connects' as next_metric, 40::bigint as rep_months,
               0.5 as rank_correlation, 0.2 as rank_correlation_low, 0.7 as rank_correlation_high,
               0.01 as link_p_value, 0.02 as link_q_value, 'yes' as earns_its_place,
               scorecard.metric = 'dials' as is_flagged,
               case when scorecard.metric = 'dials' then '目標未達' end as finding_ja,
               case when scorecard.metric = 'dials' then 'Misses its target' end as finding_en
        from marts.kpi_scorecard as scorecard
        where scope_type = 'company' and metric in (select metric from marts.dim_metrics)
    """,
    "kpi_findings": """
        with flagged as (
            select 'kpi_bottleneck' as found_in, period_type, period_start, scope_type, scope_key,
                   finding_ja, finding_en
            from marts.kpi_bottleneck where is_flagged
            union all
            select 'kpi_balance', period_type, period_start, scope_type, scope_key, finding_ja, finding_en
            from marts.kpi_balance where is_flagged
            union all
            select 'kpi_review', period_type, period_start, scope_type, scope_key, finding_ja, finding_en
            from marts.kpi_review where is_flagged
            union all
            select 'kpi_high_performers', period_type, period_start, 'motion', motion, finding_ja, finding_en
            from marts.kpi_high_performers where is_flagged
            union all
            select 'kpi_actions', 'action', from_date, scope_type, scope_key, finding_ja, finding_en
            from marts.kpi_actions where is_flagged
        )
        select found_in || '|' || period_type || '|' || period_start || '|' || scope_key as finding_id, *,
               case period_type when 'month' then last_day(period_start) else date '2026-06-30' end
                   as period_end,
               row_number() over (partition by period_type, period_start order by found_in) as rank_in_period
        from flagged
    """,
}

DEFECTS: dict[str, str] = {
    "kpi_balance.a_flag_has_its_sentence": "update kpi_balance set finding_ja = null",
    "kpi_balance.counts_are_not_negative": "update kpi_balance set wins = -1",
    "kpi_balance.parts_are_no_larger_than_their_whole": "update kpi_balance set connects = 101",
    "kpi_bottleneck.parts_add_up_to_the_difference": (
        "update kpi_bottleneck set accepted_part = -1 where step = 'connect_rate'"
    ),
    "kpi_bottleneck.flags_are_tested": "update kpi_bottleneck set status = 'small_sample'",
    "kpi_bottleneck.probabilities_are_probabilities": "update kpi_bottleneck set p_value = 2",
    "kpi_bottleneck.every_flag_is_told": "update kpi_bottleneck set probable_cause = null",
    "kpi_bottleneck.periods_have_begun": "update kpi_bottleneck set period_start = date '2026-07-01'",
    "kpi_high_performers.nothing_is_said_without_a_top_group": (
        "update kpi_high_performers set top_reps_count = 0, top_people = 0"
    ),
    "kpi_high_performers.differences_lie_in_their_interval": (
        "update kpi_high_performers set difference_low = difference + 0.01"
    ),
    "kpi_high_performers.values_are_ratios_of_their_sums": (
        "update kpi_high_performers set others_numerator = others_numerator * 2"
    ),
    "kpi_high_performers.chances_are_chances": "update kpi_high_performers set q_value = 0.0001",
    "kpi_high_performers.a_flag_has_its_sentence": (
        "update kpi_high_performers set finding_en = null"
    ),
    "kpi_high_performers.hours_add_up_to_the_day": (
        "delete from kpi_high_performers where trait = 'hour_morning'"
    ),
    "kpi_contribution.reps_add_up_to_their_team": (
        "delete from kpi_contribution where rep_id = 'R1' and period_type = 'month'"
    ),
    "kpi_contribution.teams_are_those_of_the_scorecard": (
        "update kpi_contribution set team_connects = team_connects + 1"
    ),
    "kpi_contribution.companies_are_those_of_the_scorecard": (
        "update kpi_contribution set company_connects = company_connects + 1"
    ),
    "kpi_contribution.shares_lie_between_0_and_1": (
        "update kpi_contribution set connects_share_of_team = 1.5"
    ),
    "kpi_contribution.mature_meetings_are_a_part": (
        "update kpi_contribution set accepted_mature = accepted + 1"
    ),
    "kpi_contribution.expected_yen_follows_from_its_rates": (
        "update kpi_contribution set wins_per_accepted = null"
    ),
    "kpi_contribution.periods_fit_the_as_of_day": (
        "update kpi_contribution set is_period_over = false"
    ),
    "kpi_review.figures_are_those_of_the_scorecard": "update kpi_review set value = value + 1",
    "kpi_review.every_headline_figure_of_the_company_is_reviewed": (
        "delete from kpi_review where metric = 'connects'"
    ),
    "kpi_review.intervals_hold_their_figure": "update kpi_review set trend_slope_low = 1",
    "kpi_review.little_is_not_judged": "update kpi_review set rep_months = 3",
    "kpi_review.a_flag_has_its_sentence": "update kpi_review set finding_ja = null",
    "kpi_findings.they_are_the_flags_of_the_other_tables": (
        "delete from kpi_findings where found_in = 'kpi_actions'"
    ),
    "kpi_findings.ranks_count_from_one": "update kpi_findings set rank_in_period = rank_in_period + 1",
    "kpi_findings.every_finding_is_told": "update kpi_findings set finding_en = ''",
}
