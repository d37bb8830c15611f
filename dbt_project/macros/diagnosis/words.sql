{# How a diagnosis says things, in both languages. #}

{% macro period_words(language) -%}
{%- set last_of_quarter = add_months('period_start', 2) -%}
{%- set last_of_year = add_months('period_start', 11) -%}
    case period_type
        {% if language == 'ja' %}
        when 'week' then strftime(period_start, '%Y年%-m月%-d日からの週')
        when 'month' then strftime(period_start, '%Y年%-m月')
        when 'fiscal_year' then strftime(period_start, '%Y年%-m月〜') || strftime({{ last_of_year }}, '%Y年%-m月')
        else strftime(period_start, '%Y年%-m月〜') || strftime({{ last_of_quarter }}, '%-m月')
        {% else %}
        when 'week' then strftime(period_start, 'week of %Y-%m-%d')
        when 'month' then strftime(period_start, '%Y-%m')
        when 'fiscal_year' then strftime(period_start, '%Y-%m to ') || strftime({{ last_of_year }}, '%Y-%m')
        else strftime(period_start, '%Y-%m to ') || strftime({{ last_of_quarter }}, '%Y-%m')
        {% endif %}
    end
{%- endmacro %}

{# `label` is SQL of the key as it is shown: a rep by name or id. #}
{% macro scope_words(language, label) -%}
    case scope_type
        {% if language == 'ja' %}
        when 'company' then '全社'
        when 'motion' then upper(scope_key)
        when 'channel' then 'チャネル「' || scope_key || '」'
        when 'call_list' then '架電リスト「' || scope_key || '」'
        {% else %}
        when 'company' then 'The company'
        when 'motion' then upper(scope_key)
        when 'channel' then 'Channel ' || scope_key
        when 'call_list' then 'Call list ' || scope_key
        {% endif %}
        else {{ label }}
    end
{%- endmacro %}

{% macro benchmark_words(language) -%}
    case benchmark
        {% if language == 'ja' %}
        when 'target' then '目標'
        when 'own_trailing' then '直前{{ trailing_days() }}日'
        when 'calendar' then '営業日の割合'
        else
            case scope_type
                when 'rep' then '同じ職種の他のメンバー'
                when 'team' then '同じ職種の他チーム'
                when 'channel' then '他のチャネル'
                else '他のリスト'
            end
        {% else %}
        when 'target' then 'the target'
        when 'own_trailing' then 'the {{ trailing_days() }} days before'
        when 'calendar' then 'the share of business days'
        else
            case scope_type
                when 'rep' then 'others in the same role'
                when 'team' then 'other teams in the same role'
                when 'channel' then 'the other channels'
                else 'the other lists'
            end
        {% endif %}
    end
{%- endmacro %}

{% macro number_words(value) -%}
    format('{:.1f}', {{ value }})
{%- endmacro %}

{# One of several texts by a code: texts is {code: {ja, en}}. #}
{% macro words_of(code, texts, language) -%}
    case {{ code }}
        {% for name, text in texts.items() %}
        when '{{ name }}' then '{{ text[language] }}'
        {% endfor %}
    end
{%- endmacro %}
