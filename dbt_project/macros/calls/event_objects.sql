{# The objects whose rows happen on a date (contract: event_column), as (system, object,
   event_column). Coverage by content is read from them. Read from the contract at run time,
   so there is no second list of event columns. #}
{% macro event_objects() %}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set contract = source.config.meta.get('contract')
                or source.meta.get('contract') or {} -%}
            {%- if contract.get('event_column') -%}
                {%- do found.append({
                    'system': source.source_name,
                    'object': source.name,
                    'event_column': contract['event_column'],
                    'classes': contract.get('classes', []),
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}
