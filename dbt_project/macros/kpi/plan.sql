{# The way back from the goal to the first dial, and how numbers are read aloud. #}

{# Steps from the goal backwards: [{step, rate, numerator, denominator, sample, needs, maturity,
   minimum_sample, is_share, is_proportion, scopes}]. `step` is a metric of the catalogue; what the step
   before asks for, divided by the rate (multiplied where `is_share`), is what this one must deliver. A rate
   of the catalogue brings its own two counts; the others are ratios of two catalogue counts and are told
   here: money has no step before it but the share of inside sales in the company's wins, and an
   accepted meeting may carry more or less than one opportunity. #}
{% macro plan_steps() -%}
    {%- set metrics = {} -%}
    {%- for metric in catalogue_metrics() -%}
        {%- do metrics.update({metric.name: metric}) -%}
    {%- endfor -%}
    {%- set steps = [{'step': 'company_won_amount_yen', 'rate': none}] -%}
    {%- for told in [
        {
            'step': 'won_amount_yen', 'rate': 'inside_sales_share_of_won_amount',
            'numerator': 'won_amount_yen', 'denominator': 'company_won_amount_yen',
            'sample': 'company_wins', 'like': 'won_amount_yen', 'sample_like': 'win_rate',
            'is_share': true, 'scopes': ['company'],
        },
        {
            'step': 'wins', 'rate': 'won_amount_per_win', 'numerator': 'won_amount_yen',
            'denominator': 'wins', 'sample': 'wins', 'like': 'won_amount_yen', 'sample_like': 'win_rate',
        },
        {'step': 'opportunities_created', 'rate': 'win_rate'},
        {
            'step': 'accepted', 'rate': 'opportunities_per_accepted',
            'numerator': 'opportunities_created', 'denominator': 'accepted', 'sample': 'accepted',
            'like': 'accepted', 'sample_like': 'effective_meeting_rate',
        },
        {'step': 'meetings_acquired', 'rate': 'effective_meeting_rate'},
        {'step': 'connects', 'rate': 'meeting_conversion_rate'},
        {'step': 'dials', 'rate': 'connect_rate'},
    ] -%}
        {%- set metric = metrics[told.get('like', told.rate)] -%}
        {%- set is_told = 'like' in told -%}
        {%- do steps.append({
            'step': told.step,
            'rate': told.rate,
            'numerator': told.numerator if is_told else metric.numerator.name,
            'denominator': told.denominator if is_told else metric.denominator.name,
            'sample': told.sample if is_told else metric.denominator.name,
            'needs': metric.needs,
            'maturity': metric.meta.maturity,
            'minimum_sample': metrics[told.get('sample_like', told.rate)].meta.minimum_sample,
            'is_share': told.get('is_share', false),
            'is_proportion': not is_told,
            'scopes': told.get('scopes', ['company', 'team', 'rep']),
        }) -%}
    {%- endfor -%}
    {%- do return(steps) -%}
{% endmacro %}

{# A number as people read it: one decimal below ten, none from there on; what that would make 0 keeps two digits. #}
{% macro number_text(value) -%}
    case
        when {{ value }} != 0 and abs({{ value }}) < 0.05 then format('{:.2g}', cast({{ value }} as double))
        when abs({{ value }}) < 9.95 and round({{ value }}, 1) != round({{ value }}, 0)
            then format('{:,.1f}', round({{ value }}, 1))
        else format('{:,.0f}', round({{ value }}, 0))
    end
{%- endmacro %}

{# A share in percent with one decimal. #}
{% macro percent_text(value) -%}
    format('{:.1f}', round(100 * {{ value }}, 1)) || '%'
{%- endmacro %}

{# What one of a metric is called after its number in Japanese. #}
{% macro counter_ja(unit) -%}
    case {{ unit }}
        when 'yen' then '円'
        when 'seconds' then '秒'
        when 'persons' then '人'
        when 'days' then '日'
        else '件'
    end
{%- endmacro %}
