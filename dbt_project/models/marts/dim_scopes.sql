-- one row per kind of scope that a figure can be for
{% set names = {
    'company': ('全社', 'Company'),
    'business_unit': ('事業部', 'Business unit'),
    'team': ('チーム', 'Team'),
    'rep': ('担当者', 'Rep'),
    'motion': ('役割（SDR／BDR）', 'Motion (SDR / BDR)'),
    'channel': ('チャネル', 'Channel'),
    'campaign': ('キャンペーン', 'Campaign'),
    'call_list': ('架電リスト', 'Call list'),
    'team_channel': ('チーム×チャネル', 'Team × channel'),
} %}
with

scopes as (

    {% for scope, columns in scope_columns().items() %}
    select
        '{{ scope }}' as scope_type,
        '{{ names[scope][0] }}' as name_ja,
        '{{ names[scope][1] }}' as name_en,
        {{ text_literal((columns | join(', ')) or none) }} as columns,
        {{ text_literal(scope_key_sql(scope)) }} as key_sql,
        cast({{ loop.index }} as bigint) as position
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from scopes
