{# What a diagnosis compares and from where on it speaks: every constant of it stands here. #}

{# How much people, teams, channels and lists differ (`people`), and one of them from quarter to quarter
   (`time`), without anything being wrong: standard deviation of log odds for shares, relative standard
   deviation for amounts. What is found among the peers counts where it is more. #}
{% macro ordinary_spread(kind, among) -%}
    {{ {'share': {'people': 0.15, 'time': 0.10}, 'amount': {'people': 0.12, 'time': 0.08}}[kind][among] }}
{%- endmacro %}

{# Days of an own past that are compared with. #}
{% macro trailing_days() -%} 90 {%- endmacro %}

{# Days an amount per day must have been counted on, successes a share must lead to expect. #}
{% macro fewest_days() -%} 10 {%- endmacro %}
{% macro fewest_expected() -%} 10 {%- endmacro %}

{# A cohort is compared with older ones once this share of outcomes comes within its age. #}
{% macro settled_share() -%} 0.95 {%- endmacro %}

{# The last business days of a period by which a period is gamed. #}
{% macro ending_days(period_type) -%}
    case {{ period_type }} when 'month' then 3 else 5 end
{%- endmacro %}

{# Scopes a diagnosis looks at: those of one column; a campaign is a wave of a channel. #}
{% macro diagnosed_scopes() -%}
    {% set found = [] %}
    {% for scope, columns in scope_columns().items() %}
        {% if columns | length < 2 and scope != 'campaign' %}{% do found.append(scope) %}{% endif %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# Scopes made of people; of others nobody's working days are known. #}
{% macro people_scopes() -%}
    {{ return(['company', 'business_unit', 'team', 'rep', 'motion']) }}
{%- endmacro %}

{# Scope → whether its peers are those of the same motion (true) or all others (false). #}
{% macro peer_scopes() -%}
    {% set found = {'team': true, 'rep': true} %}
    {% for scope in diagnosed_scopes() if scope not in people_scopes() %}
        {% do found.update({scope: false}) %}
    {% endfor %}
    {{ return(found) }}
{%- endmacro %}

{# Every figure compared.
   figure          its name
   kind            share (of trials) or amount (per unit)
   metric          whose status, target and minimum sample it has; counts are the metric's where it is a rate
   above, below    measures of act_scope_days
   scopes          where it is compared; meetings know no call list
   benchmarks      with what
   side            both, above or below: which difference is looked for
   notable         relative difference from which on it matters
   tested          with which of them the difference is tested, if not with all: the parts of a difference need
                   figures that are no test. Conversion is tested on meetings from a connect, but a target is set
                   on all meetings. #}
{% macro compared_figures() -%}
    {% set all = diagnosed_scopes() %}
    {% set linked = diagnosed_scopes() | reject('equalto', 'call_list') | list %}
    {% set people = people_scopes() %}
    {% set two = ['rep', 'team'] %}
    {% set past = ['target', 'own_trailing', 'peers'] %}
    {{ return([
        {'figure': 'volume', 'kind': 'amount', 'metric': 'dials', 'above': 'dials', 'below': 'inside_working_days', 'scopes': people, 'benchmarks': past, 'side': 'both', 'notable': 0.2},
        {'figure': 'connect_rate', 'kind': 'share', 'metric': 'connect_rate', 'above': 'connects', 'below': 'dials', 'scopes': all, 'benchmarks': past, 'side': 'both', 'notable': 0.2},
        {'figure': 'meeting_conversion_rate', 'kind': 'share', 'metric': 'meeting_conversion_rate_from_connect', 'above': 'meetings_acquired_from_connect', 'below': 'connects', 'scopes': linked, 'benchmarks': past, 'side': 'both', 'notable': 0.25},
        {'figure': 'effective_meeting_rate', 'kind': 'share', 'metric': 'effective_meeting_rate', 'above': 'accepted', 'below': 'meetings_acquired_of_cohort', 'scopes': linked, 'benchmarks': past, 'side': 'both', 'notable': 0.2},
        {'figure': 'win_rate', 'kind': 'share', 'metric': 'win_rate', 'above': 'opportunities_won_of_cohort', 'below': 'opportunities_created', 'scopes': linked, 'benchmarks': past, 'side': 'both', 'notable': 0.25},
        {'figure': 'first_response', 'kind': 'share', 'metric': 'hand_raise_share_within_same_day', 'above': 'hand_raises_within_same_day', 'below': 'hand_raises_due_same_day', 'scopes': linked, 'benchmarks': past, 'side': 'both', 'notable': 0.2},
        {'figure': 'meetings_per_connect', 'kind': 'share', 'metric': 'meeting_conversion_rate', 'above': 'meetings_acquired', 'below': 'connects', 'scopes': linked, 'benchmarks': past, 'side': 'both', 'notable': 0.25, 'tested': ['target']},
        {'figure': 'opportunities_per_accepted', 'kind': 'amount', 'metric': 'effective_meeting_rate', 'above': 'opportunities_created', 'below': 'accepted', 'scopes': linked, 'benchmarks': ['own_trailing', 'peers'], 'side': 'both', 'notable': 0.25, 'tested': []},
        {'figure': 'bookings', 'kind': 'amount', 'metric': 'meetings_acquired', 'above': 'meetings_acquired', 'below': 'inside_working_days', 'scopes': two, 'benchmarks': ['own_trailing', 'peers'], 'side': 'above', 'notable': 0.2},
        {'figure': 'talk_per_connect', 'kind': 'amount', 'metric': 'talk_seconds_per_connect', 'above': 'connect_talk_seconds', 'below': 'timed_connects', 'scopes': two, 'benchmarks': ['own_trailing', 'peers'], 'side': 'below', 'notable': 0.3},
        {'figure': 'without_connect', 'kind': 'share', 'metric': 'meetings_acquired_from_connect', 'above': 'meetings_without_connect', 'below': 'meetings_acquired', 'scopes': two, 'benchmarks': ['own_trailing', 'peers'], 'side': 'above', 'notable': 0.5},
        {'figure': 'no_shows', 'kind': 'share', 'metric': 'no_show_rate', 'above': 'no_shows_of_cohort', 'below': 'meetings_outcome_known_of_cohort', 'scopes': two, 'benchmarks': ['own_trailing', 'peers'], 'side': 'above', 'notable': 0.5},
        {'figure': 'period_end_bookings', 'kind': 'share', 'metric': 'meetings_acquired', 'above': 'ending_meetings', 'below': 'meetings_acquired', 'scopes': two, 'benchmarks': ['calendar'], 'side': 'above', 'notable': 0.5},
        {'figure': 'late_decisions', 'kind': 'share', 'metric': 'pending', 'above': 'overdue_meetings', 'below': 'due_meetings', 'scopes': two, 'benchmarks': ['own_trailing', 'peers'], 'side': 'above', 'notable': 0.2},
    ]) }}
{%- endmacro %}
