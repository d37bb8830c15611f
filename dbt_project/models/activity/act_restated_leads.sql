-- one row per lead that is not as it was in the previous release, with what its changes are put down to
with

{{ changed_things('fct_leads', 'created_on') }},

settings as (

    select * from {{ ref('act_settings') }}

),

new_files as (

    select * from {{ ref('act_new_files') }}

),

news as (

    select * from {{ ref('act_record_news') }}

),

meetings as (

    select * from {{ ref('act_restated_meetings') }}

),

opportunities as (

    select * from {{ ref('act_restated_opportunities') }}

),

calls as (

    select * from {{ ref('act_restated_calls') }}

),

emails as (

    select * from {{ ref('act_restated_emails') }}

),

lead_opportunities as (

    select * from {{ ref('act_lead_opportunities') }}

),

campaign_touches as (

    select * from {{ ref('act_campaign_touches') }}

),

-- leads that others of that release live on in
heirs as (

    select distinct news.successor_id as person_id
    from changed
    inner join news
        on
            changed.thing_id = news.record_id
            and news.kind = 'person'
            and news.news = 'merged'
    where not changed.is_there

),

-- meetings and deals that brought leads to a step, or ceased to
steps as (

    {% for side, is_on_side in restated_sides().items() %}
    select
        {{ side }}_row.person_id as person_id,
        what_cause as cause
    from meetings
    where
        {{ is_on_side }}
        and {{ side }}_row.meeting_id is not null
        and {{ differs('meetings', ['meeting_id', 'person_id', 'is_accepted']) | indent(8) }}

    union all
    {% endfor %}

    select
        lead_opportunities.person_id,
        opportunities.what_cause as cause
    from opportunities
    inner join lead_opportunities on opportunities.thing_id = lead_opportunities.opportunity_id
    where not opportunities.was_there or {{ differs('opportunities', ['is_won']) | indent(4) }}

    union all

    select
        opportunities.old_row.person_id,
        opportunities.what_cause as cause
    from opportunities
    where not opportunities.is_there

),

step_causes as (

    select
        person_id,
        {{ first_cause('cause') }} as cause
    from steps
    group by person_id

),

-- what made a lead somebody's, or ceased to
approaches as (

    {% set approaches = {
        'calls': {'date': 'called_on', 'flags': ['is_dial'], 'rows': 'is_dial'},
        'emails': {'date': 'sent_on', 'flags': [], 'rows': 'email_id is not null'},
        'meetings': {'date': 'booked_on', 'flags': ['meeting_id'], 'rows': 'meeting_id is not null'},
    } %}
    {% for relation, facts in approaches.items() %}
    {% set last_relation = loop.last %}
    {% for side, is_on_side in restated_sides().items() %}
    select
        {{ side }}_row.person_id as person_id,
        {{ side }}_row.{{ facts.date }} as approached_on,
        case
            when
                is_there
                and was_there
                and not {{ differs(relation, facts.flags + ['person_id', facts.date]) | indent(16) }}
                then who_cause
            else what_cause
        end as cause
    from {{ relation }}
    where
        {{ is_on_side }}
        and {{ side }}_row.{{ facts.rows }}
        and {{ differs(relation, facts.flags + ['person_id', facts.date, 'motion']) | indent(8) }}
    {{ 'union all' if not (last_relation and loop.last) }}
    {% endfor %}
    {% endfor %}

),

-- later ones decide nothing
approach_causes as (

    select
        changed.thing_id,
        {{ first_cause('approaches.cause') }} as cause
    from changed
    inner join approaches on changed.thing_id = approaches.person_id
    where
        approaches.approached_on <= greatest(
            changed.old_row.worked_on,
            changed.new_row.worked_on,
            changed.old_row.met_on,
            changed.new_row.met_on
        )
    group by changed.thing_id

),

first_campaigns as (

    select
        campaign_touches.person_id,
        min({{ reporting_date('campaign_touches.touched_at') }}) as touched_on
    from campaign_touches
    cross join settings
    semi join changed on campaign_touches.person_id = changed.thing_id
    group by campaign_touches.person_id

),

judged as (

    select
        changed.*,
        new_files.file_id is not null as is_in_new_file,
        {{ is_another_record() | indent(8) }} as is_record_changed,
        merged_leads.record_id is not null as is_merged,
        heirs.person_id is not null as is_person_merged,
        came_persons.record_id is not null as is_person_changed,
        gone_persons.record_id is not null as is_person_deleted,
        step_causes.cause as step_cause,
        approach_causes.cause as approach_cause,
        coalesce(first_campaigns.touched_on > previous_release.as_of_date, false) as is_touched_later,
        {% set steps = {
            'has_reached_meeting': 'least(changed.new_row.met_on, changed.new_row.opportunity_on)',
            'has_reached_accepted': 'least(changed.new_row.accepted_on, changed.new_row.won_on)',
            'has_reached_won': 'changed.new_row.won_on',
        } %}
        {% for step, day in steps.items() %}
        {{ 'or ' if not loop.first }}coalesce(
            not changed.old_row.{{ step }} and {{ day }} > previous_release.as_of_date, false
        ){{ ' as is_reached_later' if loop.last }}
        {% endfor %}
    from changed
    cross join previous_release
    left join new_files on changed.new_row.source_file_id = new_files.file_id
    left join heirs on changed.thing_id = heirs.person_id
    left join step_causes on changed.thing_id = step_causes.person_id
    left join approach_causes on changed.thing_id = approach_causes.thing_id
    left join first_campaigns on changed.thing_id = first_campaigns.person_id
    {{ news_of('merged_leads', 'person', 'merged', 'changed.thing_id') | indent(4) }}
    {{ news_of('came_persons', 'person', 'came', 'changed.thing_id') | indent(4) }}
    {{ news_of('gone_persons', 'person', 'deleted', 'changed.thing_id') | indent(4) }}

)

select
    judged.thing_id,
    judged.is_there,
    judged.was_there,
    judged.new_row,
    judged.old_row,
    case
        when judged.approach_cause is not null then judged.approach_cause
        when judged.is_person_merged then 'merge'
        when previous_release.is_code_changed then 'definition'
        when previous_release.is_configuration_changed then 'configuration'
        -- what was done until that day is as it was, so that the lead became somebody's later
        else 'late_fact'
    end as who_cause,
    case
        when
            judged.is_touched_later
            and {{ differs('judged', ['campaign']) | indent(12) }}
            and not {{ differs('judged', ['channel']) | indent(12) }}
            then 'late_fact'
        else {{ whom_cause() | indent(12) }}
    end as whom_cause,
    case
        when not judged.was_there and judged.is_person_merged then 'merge'
        when not judged.was_there and judged.is_in_new_file then 'late_fact'
        when not judged.is_there and judged.is_merged then 'merge'
        when not judged.is_there and judged.is_person_deleted then 'delete'
        when judged.is_there and judged.was_there and judged.is_reached_later then 'late_fact'
        when
            judged.step_cause is not null
            and {{ differs(
                'judged', ['has_reached_meeting', 'has_reached_accepted', 'has_reached_won']
            ) | indent(12) }}
            then judged.step_cause
        when judged.is_person_merged then 'merge'
        -- leads count from the first day any export speaks of
        when
            judged.new_row.created_on = judged.old_row.created_on
            and {{ differs('judged', ['counted_on']) | indent(12) }}
            and previous_release.has_new_exports
            and not previous_release.is_code_changed
            and not previous_release.is_configuration_changed
            then 'late_fact'
        when
            judged.is_there
            and judged.was_there
            and (judged.is_record_changed or judged.is_person_changed)
            then 'correction'
        {{ otherwise(['roster']) | indent(4) }} as what_cause
from judged
cross join previous_release
