-- one row per month × subject × segment × channel group × channel: what marketing's nurturing came to
{%- set keys = ['month', 'subject', 'segment', 'channel_group', 'channel'] %}
{#- what each subject counts: column -> flag of fct_nurture #}
{%- set counts = {
    'email': {
        'emails_sent': 'is_sent',
        'emails_delivered': 'is_delivered',
        'emails_bounced': 'is_bounced',
        'emails_opened': 'is_opened',
        'emails_opened_unchecked': 'is_opened_unchecked',
        'emails_clicked': 'is_clicked',
        'emails_clicked_unchecked': 'is_clicked_unchecked',
        'emails_unsubscribed': 'is_unsubscribed',
    },
    'seminar': {
        'registered': 'is_registered',
        'attended': 'is_attended',
        'no_shows': 'is_no_show',
        'cancelled': 'is_cancelled',
        'attendance_known': 'is_attended or is_no_show',
    },
    'lead': {
        'leads': 'is_handed_over or is_returned',
        'leads_met': 'has_met',
        'leads_won': 'has_won',
    },
} %}
{%- set rates = {
    'delivered_rate': ['emails_delivered', 'emails_sent'],
    'bounce_rate': ['emails_bounced', 'emails_sent'],
    'open_rate': ['emails_opened', 'emails_delivered'],
    'click_rate': ['emails_clicked', 'emails_delivered'],
    'unsubscribe_rate': ['emails_unsubscribed', 'emails_delivered'],
    'attendance_rate': ['attended', 'attendance_known'],
    'no_show_rate': ['no_shows', 'attendance_known'],
    'meeting_rate': ['leads_met', 'leads'],
    'won_rate': ['leads_won', 'leads'],
} %}
{#- the company's metrics whose months say how far a subject is covered #}
{%- set needed = {
    'email': ['marketing_emails_sent'],
    'seminar': ['seminar_registrations'],
    'score_band': ['leads_reached_won_of_cohort'],
    'return': ['leads_reached_won_of_cohort', 'leads_worked'],
} %}
{%- set minimum_sample = 10 %}
with

settings as (

    select * from {{ ref('act_settings') }}

),

nurture as (

    select
        *,
        {{ month_start('happened_on') }} as month,
        case when subject in ('email', 'seminar') then subject else 'lead' end as kind
    from {{ ref('fct_nurture') }}

),

scorecard as (

    select * from {{ ref('kpi_scorecard') }}
    where
        period_type = 'month'
        and scope_type = 'company'

),

leads as (

    select * from {{ ref('fct_leads') }}

),

-- what a subject has nothing to do with is no zero
counted as (

    select
        {{ keys | join(', ') }},
        min(kind) as kind,
        min(segment_place) as segment_place,
        {% for kind, columns in counts.items() -%}
        {% set last_kind = loop.last -%}
        {% for column, flag in columns.items() -%}
        case when min(kind) = '{{ kind }}' then count(*) filter (where {{ flag }}) end
            as {{ column }}{{ ',' if not (last_kind and loop.last) }}
        {% endfor -%}
        {% endfor %}
    from nurture
    group by {{ keys | join(', ') }}

),

needs as (

    select
        needs.subject,
        needs.metric
    from (
        values
        {% for subject, metrics in needed.items() -%}
        {% set last_subject = loop.last -%}
        {% for metric in metrics -%}
        ('{{ subject }}', '{{ metric }}'){{ ',' if not (last_subject and loop.last) }}
        {% endfor -%}
        {% endfor %}
    ) as needs (subject, metric)

),

months as (

    select
        needs.subject,
        scorecard.period_start as month,
        min(scorecard.covered_days) as covered_days,
        max(scorecard.uncovered_days) as uncovered_days
    from needs
    inner join scorecard on needs.metric = scorecard.metric
    group by needs.subject, scorecard.period_start

),

waits as (

    select
        'lead' as maturity,
        days_to_outcome as days
    from leads
    where days_to_outcome is not null

),

maturities as (

    {{ days_to_maturity('waits') }}

),

judged as (

    select
        counted.*,
        coalesce(months.covered_days, 0) as covered_days,
        coalesce(months.uncovered_days, 0) as uncovered_days,
        {{ add_months('counted.month', 1) }} <= settings.as_of_date + 1 as is_month_over,
        counted.kind = 'lead' and coalesce(
            {{ add_months('counted.month', 1) }} - 1
            + cast(maturities.days_to_maturity as integer) > settings.as_of_date,
            true
        ) as is_maturing,
        coalesce(counted.emails_sent, counted.registered, counted.leads) as sample
    from counted
    cross join settings
    left join months
        on counted.subject = months.subject
        and counted.month = months.month
    left join maturities on maturities.maturity = 'lead'

),

final as (

    select
        {{ keys | join(',\n        ') }},
        segment_place,
        {% for columns in counts.values() -%}
        {% for column in columns -%}
        cast({{ column }} as bigint) as {{ column }},
        {% endfor -%}
        {% endfor -%}
        {% for rate, parts in rates.items() -%}
        {{ ratio(parts[0], parts[1]) }} as {{ rate }},
        {% endfor -%}
        is_month_over,
        {{
            figure_status(
                'covered_days',
                'uncovered_days',
                'is_maturing',
                'sample < ' ~ minimum_sample,
            )
        }} as status
    from judged

)

select * from final
