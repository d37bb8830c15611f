{#
    E-mail addresses, formats 6.3: the first of several, lower case all of it, no display name or
    mailto:, no trailing punctuation; dots and +tags stay. Null when it is not one address.
#}
{% macro normalise_email(text) -%}
    case
        {#- most are written as they are kept; the rest costs twenty times as much #}
        when regexp_full_match({{ text }}, '[a-z0-9._%+-]+@[a-z0-9.-]*[a-z0-9]') then {{ text }}
        when contains({{ text }}, '@') or contains({{ text }}, '＠')
            then nullif(regexp_extract(
                regexp_replace(
                    regexp_replace(
                        lower(trim(split_part(split_part({{ fold_width(text) }}, ';', 1), ',', 1))),
                        '^.*<([^<>]*)>.*$', '\1'
                    ),
                    '^<?mailto:|^<|[.,:!?>]+$', '', 'g'
                ),
                '^\s*([^@\s<>]+@[^@\s<>]+)\s*$', 1
            ), '')
    end
{%- endmacro %}


{# Shared boxes, which must not make two persons one. #}
{% macro is_role_email(email) -%}
    {{ is_one_of(
        "split_part(" ~ email ~ ", '@', 1)", ['info', 'sales', 'contact', 'support', 'noreply']
    ) }}
{%- endmacro %}


{# The domain of a normalised address. #}
{% macro email_domain(email) -%}
    nullif(split_part({{ email }}, '@', 2), '')
{%- endmacro %}
