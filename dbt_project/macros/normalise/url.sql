{# A utm value of a URL's query string, percent-decoded once; source and medium in lower case. #}
{% macro utm_from_url(url, name) -%}
    {%- set value -%}
        nullif(trim(url_decode(replace(
            regexp_extract({{ url }}, '[?&]utm_{{ name }}=([^&#]*)', 1), '+', ' '
        ))), '')
    {%- endset -%}
    {{ 'lower(' ~ value ~ ')' if name in ('source', 'medium') else value }}
{%- endmacro %}


{# The host of a web site as typed, without www. #}
{% macro website_host(url) -%}
    nullif(regexp_replace(
        regexp_extract(lower(trim({{ url }})), '^(?:[a-z]+://)?([^/?#:\s]+)', 1), '^www\.', ''
    ), '')
{%- endmacro %}
