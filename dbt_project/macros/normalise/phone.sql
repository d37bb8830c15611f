{#
    Telephone numbers to E.164 with a status, formats 6.2. The library `phonenumbers` is the test
    oracle; normalising distinct numbers in SQL is a hundred times cheaper than calling it.

    phone(x, …) is a struct {e164, status, is_special}; phone_e164 and phone_status are its parts.
    number                SQL of the number as exported
    region                SQL of the default region ('JP'); read at its two letters
    repair_leading_zero   SQL boolean: a zero a spreadsheet ate may be put back
    allow_bare_81         SQL boolean: 81… without a plus is Japan

    status: ok, lost_leading_zero_repaired (both with a number), empty, anonymous, sip_or_client,
    sci_notation_lost, extension, special (110, 119 …), invalid. is_special: no person's number
    (0120, 0800, 0570, 0990, 1xx); it must match nobody.
#}
{% macro phone(
    number, region="'JP'", repair_leading_zero='false', allow_bare_81='false'
) -%}
    {#- each step binds its value once: without the lambdas it would be computed per branch -#}
    list_transform(
        list_transform(
            list_transform(
                [{
                    'said': trim(ltrim(trim({{ fold_width(number) }}), '''')),
                    'region': {{ region }},
                    'repair': coalesce({{ repair_leading_zero }}, false),
                    'bare': coalesce({{ allow_bare_81 }}, false)
                }],
                lambda step: {
                    'kind': {{ phone_word('step.said') }},
                    'digits': {{ phone_digits('step.said') }},
                    'region': step.region,
                    'repair': step.repair,
                    'bare': step.bare
                }
            ),
            lambda step: {{ phone_international() }}
        ),
        lambda step: {{ phone_judged() }}
    )[1]
{%- endmacro %}


{% macro phone_e164(
    number, region="'JP'", repair_leading_zero='false', allow_bare_81='false'
) -%}
    ({{ phone(number, region, repair_leading_zero, allow_bare_81) }}).e164
{%- endmacro %}


{% macro phone_status(
    number, region="'JP'", repair_leading_zero='false', allow_bare_81='false'
) -%}
    ({{ phone(number, region, repair_leading_zero, allow_bare_81) }}).status
{%- endmacro %}


{# Whether a number in E.164 is a free, shared-cost or paid line: nobody's own. #}
{% macro is_special_number(e164) -%}
    coalesce(regexp_full_match({{ e164 }}, '[+]81((120|570|990)[0-9]{6}|800[0-9]{7})'), false)
{%- endmacro %}


{# What stands in the place of a number, else null. #}
{% macro phone_word(said) -%}
    case
        when coalesce({{ said }}, '') in ('', '-') then 'empty'
        when {{ is_one_of(
            'lower(' ~ said ~ ')',
            ['anonymous', '非通知', '公衆電話', '表示圏外', 'blocked', 'restricted', 'unknown']
        ) }} then 'anonymous'
        when regexp_matches(lower({{ said }}), '^(client|sip):') then 'sip_or_client'
        when regexp_full_match({{ said }}, '[0-9]+([.][0-9]+)?[eE][+]?[0-9]+')
            then 'sci_notation_lost'
    end
{%- endmacro %}


{# + and digits, without tel:, a spreadsheet's .0, the extension, and everything put in between. #}
{% macro phone_digits(said) -%}
    regexp_replace(
        regexp_replace(
            regexp_replace(lower({{ said }}), '^tel:|^([0-9]+)[.]0$', '\1'),
            '(?s)(内線|ext|x|#|,).*$', ''
        ),
        '[\s().‐‑‒–—―−－ー﹣ｰ-]', '', 'g'
    )
{%- endmacro %}


{# National digits from the trunk zero, or +digits, and how they were found. #}
{% macro phone_international() -%}
    case
        when step.kind is not null then {'digits': cast(null as varchar), 'status': step.kind}
        when step.digits = '' then {'digits': null, 'status': 'extension'}
        when not regexp_full_match(step.digits, '[+]?[0-9]+')
            then {'digits': null, 'status': 'invalid'}
        when regexp_matches(step.digits, '^([+]81|0081|01081)') then {
            'digits': '0' || regexp_replace(step.digits, '^([+]81|0081|01081)0?', ''),
            'status': 'ok'
        }
        when starts_with(step.digits, '+') then {'digits': step.digits, 'status': 'ok'}
        when step.region = 'JP' and starts_with(step.digits, '010')
            then {'digits': '+' || substr(step.digits, 4), 'status': 'ok'}
        {%- for region, code, trunk in trunk_regions() %}
        when step.region = '{{ region }}' then {
            'digits': '+{{ code }}' || regexp_replace(step.digits, '^{{ trunk }}', ''),
            'status': 'ok'
        }
        {%- endfor %}
        when step.region <> 'JP' then {'digits': null, 'status': 'invalid'}
        when starts_with(step.digits, '0') then {'digits': step.digits, 'status': 'ok'}
        when regexp_full_match(step.digits, '1[0-9]{2}')
            then {'digits': null, 'status': 'special'}
        when length(step.digits) <= 5 then {'digits': null, 'status': 'extension'}
        when step.bare and regexp_full_match(step.digits, '81[0-9]{9,10}') then {
            'digits': '0' || regexp_replace(step.digits, '^810?', ''),
            'status': 'ok'
        }
        when
            step.repair
            and regexp_full_match(step.digits, '[1-9][0-9]{8}|[5-9]0[0-9]{8}')
            then {'digits': '0' || step.digits, 'status': 'lost_leading_zero_repaired'}
        else {'digits': null, 'status': 'invalid'}
    end
{%- endmacro %}


{# Length by kind of number: 0800 before the 080 of mobiles. #}
{% macro phone_judged() -%}
    case
        when step.digits is null then {
            'e164': cast(null as varchar),
            'status': step.status,
            'is_special': step.status = 'special'
        }
        when regexp_full_match(step.digits, '0120[0-9]{6}|0570[0-9]{6}|0990[0-9]{6}|0800[0-9]{7}')
            then {
                'e164': '+81' || substr(step.digits, 2),
                'status': step.status,
                'is_special': true
            }
        when
            regexp_full_match(step.digits, '0(20|50|60|70|80|90)[0-9]{8}')
            and not starts_with(step.digits, '0800')
            or regexp_full_match(step.digits, '0[1-9][0-9]{8}')
            and not regexp_matches(step.digits, '^0([25-9]0|120|570|800|990)')
            then {
                'e164': '+81' || substr(step.digits, 2),
                'status': step.status,
                'is_special': false
            }
        when
            starts_with(step.digits, '+')
            and regexp_full_match(step.digits, '{{ possible_international() }}')
            then {'e164': step.digits, 'status': step.status, 'is_special': false}
        else {'e164': null, 'status': 'invalid', 'is_special': false}
    end
{%- endmacro %}


{# Regions whose national numbers lose a trunk prefix: (region, calling code, prefix). #}
{% macro trunk_regions() %}
    {%- do return([
        ('US', '1', '1'), ('CA', '1', '1'), ('GB', '44', '0'), ('DE', '49', '0'), ('FR', '33', '0'),
        ('NL', '31', '0'), ('AU', '61', '0'), ('NZ', '64', '0'), ('KR', '82', '0'), ('CN', '86', '0'),
        ('TW', '886', '0'), ('HK', '852', ''), ('SG', '65', ''), ('TH', '66', '0'), ('VN', '84', '0'),
        ('PH', '63', '0'), ('ID', '62', '0'), ('MY', '60', '0'), ('IN', '91', '0'),
    ]) -%}
{% endmacro %}
