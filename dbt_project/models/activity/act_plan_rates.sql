-- one row per scope (company, team, rep) and rate of the backward plan, over its trailing mature window
-- depends_on: {{ ref('act_metric_days') }}
with

settings as (

    select * from {{ ref('act_settings') }}

),

maturities as (

    select * from {{ ref('act_maturities') }}

),

covered_days as (

    select * from {{ ref('act_covered_days') }}
    where is_covered

)
{% if execute %}
{% set steps = plan_steps() | rejectattr('rate', 'none') | list %}
{% set wanted = [] %}
{% for step in steps %}
{% do wanted.extend([step.numerator, step.denominator, step.sample]) %}
{% endfor %}
{% set measures = catalogue_measures() | selectattr('name', 'in', wanted) | list %}
,

rates as (

    select * from (
        values
        {% for step in steps %}
        ('{{ step.rate }}', '{{ step.needs }}', '{{ step.maturity }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as rates (rate, needs, maturity)

),

rate_scopes as (

    select * from (
        values
        {% for step in steps %}
        {% set last_step = loop.last %}
        {% for scope in step.scopes %}
        ('{{ step.rate }}', '{{ scope }}'){{ ',' if not (last_step and loop.last) }}
        {% endfor %}
        {% endfor %}
    ) as rate_scopes (rate, scope_type)

),

windows as (

    select
        rates.rate,
        rates.needs,
        maturities.last_mature_on as window_to,
        cast(maturities.last_mature_on - settings.plan_trailing_days + 1 as date) as window_from
    from rates
    cross join settings
    inner join maturities on rates.maturity = maturities.maturity
    where maturities.last_mature_on is not null

),

window_days as (

    select
        windows.rate,
        windows.window_from,
        windows.window_to,
        covered_days.date
    from windows
    inner join covered_days
        on
            windows.needs = covered_days.needs
            and covered_days.date between windows.window_from and windows.window_to

),

days as (

    select
        date,
        case
            when grouping(rep_id) = 0 then 'rep'
            when grouping(team) = 0 then 'team'
            else 'company'
        end as scope_type,
        case
            when grouping(rep_id) = 0 then rep_id
            when grouping(team) = 0 then team
            else 'company'
        end as scope_key,
        {% for measure in measures %}
        sum({{ exact(measure, measure.name) }}) as {{ measure.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('act_metric_days') }}
    where date >= (select min(window_from) from windows)
    group by grouping sets ((date), (date, team), (date, rep_id))

),

-- a rate whose window holds no day of a scope has no sample
summed as (

    select
        days.scope_type,
        days.scope_key,
        window_days.rate,
        min(window_days.window_from) as window_from,
        min(window_days.window_to) as window_to,
        {% for part in ['numerator', 'denominator', 'sample'] %}
        sum(
            case window_days.rate
                {% for step in steps %}
                when '{{ step.rate }}' then cast(days.{{ step[part] }} as decimal(38, 4))
                {% endfor %}
            end
        ) as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from window_days
    inner join days on window_days.date = days.date
    inner join rate_scopes
        on
            window_days.rate = rate_scopes.rate
            and days.scope_type = rate_scopes.scope_type
    -- marketing's mails are no rep's
    where days.scope_key is not null
    group by days.scope_type, days.scope_key, window_days.rate

)

select
    scope_type,
    scope_key,
    rate,
    window_from,
    window_to,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    cast(sample as double) as sample
from summed
{% else %}
select * from settings
{% endif %}
