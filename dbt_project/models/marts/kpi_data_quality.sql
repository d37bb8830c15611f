-- one row per source, object and check
-- depends_on: {{ ref('act_targets') }}
with

settings as (

    select * from {{ ref('act_settings') }}

),

sources as (

    select * from {{ ref('act_sources') }}

),

files as (

    select * from {{ ref('act_files') }}

),

reasons as (

    select * from {{ ref('act_quarantine_reasons') }}

),

leg_warnings as (

    select * from {{ ref('act_leg_warnings') }}

),

source_coverage as (

    select * from {{ ref('act_source_coverage') }}

),

feed_choices as (

    select * from {{ ref('act_feed_choice') }}

),

call_results as (

    select * from {{ ref('act_crm_call_results') }}

),

calls as (

    select * from {{ ref('fct_calls') }}

),

emails as (

    select * from {{ ref('fct_emails') }}

),

meetings as (

    select * from {{ ref('fct_meetings') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

targets as (

    select * from {{ ref('act_targets') }}

),

scopes as (

    select * from {{ ref('act_metric_scopes') }}

),

record_deliveries as (

    select * from {{ ref('act_record_deliveries') }}

),

gates as (

    select * from {{ ref('act_acceptance_gates') }}

),

acceptances as (

    select * from {{ ref('act_acceptances') }}

),

file_counts as (

    select
        source_id,
        object_name,
        sum(case when is_active and status = 'accepted' then 1 else 0 end) as files_read,
        sum(case when status = 'rejected' then 1 else 0 end) as files_rejected,
        sum(case when status = 'skipped_duplicate' then 1 else 0 end) as files_skipped_duplicate,
        sum(
            case when is_active and status = 'accepted' then records_in else 0 end
        ) as records_in,
        sum(
            case when is_active and status = 'accepted' then records_quarantined else 0 end
        ) as records_quarantined
    from files
    group by source_id, object_name

    union all

    select
        sources.source_id,
        '(none)' as object_name,
        0 as files_read,
        0 as files_rejected,
        0 as files_skipped_duplicate,
        0 as records_in,
        0 as records_quarantined
    from sources
    left join files on sources.source_id = files.source_id
    where files.source_id is null

),

rejected_counts as (

    select source_id, object_name, sum(records) as records_rejected
    from reasons
    where stage = 'cast'
    group by source_id, object_name

),

source_counts as (

    select
        file_counts.source_id,
        sum(file_counts.records_in) as records_in,
        sum(file_counts.records_quarantined + coalesce(rejected_counts.records_rejected, 0))
            as records_set_aside
    from file_counts
    left join rejected_counts
        on
            file_counts.source_id = rejected_counts.source_id
            and file_counts.object_name = rejected_counts.object_name
    group by file_counts.source_id

),

-- one feed of a phone system may rest while another of the same account delivers
feed_days as (

    select
        sources.source_id,
        source_coverage.date,
        bool_or(source_coverage.is_covered) as is_covered
    from sources
    inner join sources as feeds
        on
            sources.source_id = feeds.source_id
            or (
                sources.system = 'miitel'
                and feeds.system = 'miitel'
                and sources.account = feeds.account
            )
    inner join source_coverage on feeds.source_id = source_coverage.source_id
    group by sources.source_id, source_coverage.date

),

coverage as (

    select
        feed_days.source_id,
        min(case when feed_days.is_covered then feed_days.date end) as first_covered_on,
        max(case when feed_days.is_covered then feed_days.date end) as last_covered_on,
        sum(case when feed_days.is_covered then 1 else 0 end) as days_covered
    from feed_days
    cross join settings
    where feed_days.date <= settings.as_of_date
    group by feed_days.source_id

),

call_counts as (

    select
        source_id,
        count(*) as facts,
        sum(case when match_level = 'none' then 1 else 0 end) as unlinked,
        sum(case when rep_id = '(unassigned)' then 1 else 0 end) as unassigned,
        sum(case when channel = '(unmapped)' then 1 else 0 end) as unmapped,
        sum(case when has_disposition_conflict then 1 else 0 end) as disposition_conflicts
    from calls
    group by source_id

),

result_counts as (

    select
        source_id,
        sum(case when has_meaning then 0 else 1 end) as unmapped
    from call_results
    group by source_id

),

email_counts as (

    select
        source_id,
        count(*) as facts,
        sum(case when person_id is null then 1 else 0 end) as unlinked,
        sum(case when rep_id = '(unassigned)' then 1 else 0 end) as unassigned,
        sum(case when channel = '(unmapped)' then 1 else 0 end) as unmapped
    from emails
    group by source_id

),

meeting_counts as (

    select
        source_id,
        sum(case when is_booked then 1 else 0 end) as facts,
        sum(case when is_booked and person_id is null then 1 else 0 end) as unlinked,
        sum(case when is_booked and channel = '(unmapped)' then 1 else 0 end) as unmapped,
        sum(case when is_outcome_unknown_of_cohort then 1 else 0 end) as outcomes_unknown
    from meetings
    group by source_id

),

opportunity_counts as (

    select
        source_id,
        count(*) as facts,
        sum(case when is_amount_missing then 1 else 0 end) as amounts_missing,
        sum(case when is_amount_unconverted then 1 else 0 end) as amounts_unconverted
    from opportunities
    group by source_id

),

feed_counts as (

    select
        cti_account,
        sum(superseded_legs) as superseded_legs,
        max(overlap_share) as overlap_share
    from feed_choices
    group by cti_account

),

known_scopes as (

    select distinct scope_type, scope_key from scopes

),

target_counts as (

    -- Targets for a period that has not begun say nothing yet.
    select
        count(*) as facts,
        sum(case when known_scopes.scope_key is null then 1 else 0 end) as unknown_scopes
        {%- if execute %},
        sum(
            case
                when targets.metric not in (
                    {% for metric in catalogue_metrics() %}
                    '{{ metric.name }}'{{ ',' if not loop.last }}
                    {% endfor %}
                ) then 1
                else 0
            end
        ) as unknown_metrics
        {%- endif %}
    from targets
    left join known_scopes
        on
            targets.scope_type = known_scopes.scope_type
            and targets.scope_key = known_scopes.scope_key

)
{% if execute %}
,

-- observed and expected: the check passes when observed does not exceed (`most`) or fall below (`least`) it.
checks as (

    {% for column in ['files_read', 'records_in', 'files_skipped_duplicate', 'records_quarantined'] %}
    select
        source_id,
        object_name,
        '{{ column }}' as check_name,
        cast({{ column }} as double) as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from file_counts

    union all
    {% endfor %}

    select
        source_id,
        object_name,
        'files_rejected' as check_name,
        cast(files_rejected as double) as observed,
        0 as expected,
        'warning' as severity,
        files_rejected = 0 as passed
    from file_counts

    union all

    select
        source_id,
        object_name,
        'set_aside_by_' || stage || ':' || reason_code as check_name,
        cast(records as double) as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from reasons

    union all

    -- Vendors deliver a record again when it changes, and sometimes when it does not.
    select
        source_id,
        object_name,
        'records_delivered_again' as check_name,
        cast(delivered_again as double) as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from record_deliveries

    union all

    -- A stage nobody ever saw accepts no meeting.
    select
        source_id,
        'opportunities' as object_name,
        'unknown_acceptance_stage:' || coalesce(acceptance_stage, '(none)') as check_name,
        1 as observed,
        0 as expected,
        'warning' as severity,
        false as passed
    from gates
    where not is_known

    union all

    -- What somebody accepted although the gate found it implausible.
    select
        '(gate)' as source_id,
        '(all)' as object_name,
        'accepted_exceptions' as check_name,
        cast(count(*) as double) as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from acceptances

    union all

    select
        '(gate)' as source_id,
        '(all)' as object_name,
        'accepted_exception:' || check_id as check_name,
        1 as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from acceptances

    union all

    -- Legs that are counted although something about them does not agree.
    select
        source_id,
        object_name,
        warning as check_name,
        cast(legs as double) as observed,
        0 as expected,
        'warning' as severity,
        legs = 0 as passed
    from leg_warnings

    union all

    -- A small file with one bad row must not stop the night: the share counts from a number of rows on.
    select
        source_counts.source_id,
        '(all)' as object_name,
        'quarantine_share' as check_name,
        {{ ratio('source_counts.records_set_aside', 'source_counts.records_in') }} as observed,
        settings.max_quarantine_share as expected,
        'critical' as severity,
        source_counts.records_set_aside < settings.max_quarantine_rows
        or coalesce({{ ratio('source_counts.records_set_aside', 'source_counts.records_in') }}, 0)
        <= settings.max_quarantine_share as passed
    from source_counts
    cross join settings

    union all

    select
        sources.source_id,
        '(all)' as object_name,
        'covers_as_of_date' as check_name,
        case when coalesce(coverage.last_covered_on = settings.as_of_date, false) then 1 else 0 end
            as observed,
        1 as expected,
        case when sources.is_required then 'critical' else 'warning' end as severity,
        coalesce(coverage.last_covered_on = settings.as_of_date, false) as passed
    from sources
    cross join settings
    left join coverage on sources.source_id = coverage.source_id
    where not list_contains(sources.source_classes, 'planning')

    union all

    select
        sources.source_id,
        '(all)' as object_name,
        'days_since_covered' as check_name,
        cast(settings.as_of_date - coverage.last_covered_on as double) as observed,
        0 as expected,
        'warning' as severity,
        coalesce(settings.as_of_date - coverage.last_covered_on <= 0, false) as passed
    from sources
    cross join settings
    left join coverage on sources.source_id = coverage.source_id
    where not list_contains(sources.source_classes, 'planning')

    union all

    select
        coverage.source_id,
        '(all)' as object_name,
        'covered_share' as check_name,
        {{ ratio('coverage.days_covered', 'settings.as_of_date - coverage.first_covered_on + 1') }}
            as observed,
        1 as expected,
        'warning' as severity,
        coverage.days_covered >= settings.as_of_date - coverage.first_covered_on + 1 as passed
    from coverage
    cross join settings
    where coverage.first_covered_on is not null

    {% for relation, object_name, columns in [
        ('call_counts', 'fct_calls', ['unlinked', 'unassigned', 'unmapped', 'disposition_conflicts']),
        ('email_counts', 'fct_emails', ['unlinked', 'unassigned', 'unmapped']),
        ('meeting_counts', 'fct_meetings', ['unlinked', 'unmapped', 'outcomes_unknown']),
        ('opportunity_counts', 'fct_opportunities', ['amounts_missing', 'amounts_unconverted']),
    ] %}
    {% for column in columns %}
    union all

    select
        source_id,
        '{{ object_name }}' as object_name,
        '{{ column }}_share' as check_name,
        {{ ratio(column, 'facts') }} as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from {{ relation }}
    {% endfor %}
    {% endfor %}

    union all

    -- such calls are neither connects nor none: planning has to say what the result means
    select
        source_id,
        'fct_calls' as object_name,
        'call_results_unmapped' as check_name,
        cast(unmapped as double) as observed,
        0 as expected,
        'warning' as severity,
        unmapped = 0 as passed
    from result_counts

    -- Two feeds of one account: what the losing one carried, and how far they share their ids.
    {% for column in ['superseded_legs', 'overlap_share'] %}
    union all

    select
        cti_account as source_id,
        'call_feeds' as object_name,
        '{{ column }}' as check_name,
        cast({{ column }} as double) as observed,
        cast(null as double) as expected,
        'info' as severity,
        true as passed
    from feed_counts
    {% endfor %}

    {% for column in ['unknown_metrics', 'unknown_scopes'] %}
    union all

    select
        '(planning)' as source_id,
        'targets' as object_name,
        '{{ column }}' as check_name,
        cast({{ column }} as double) as observed,
        0 as expected,
        'warning' as severity,
        {{ column }} = 0 as passed
    from target_counts
    where facts > 0
    {% endfor %}

)

select
    source_id,
    object_name,
    check_name,
    cast(observed as double) as observed,
    cast(expected as double) as expected,
    severity,
    passed
from checks
-- Nothing to look at is no finding.
where observed is not null
{% else %}
select * from target_counts
{% endif %}
