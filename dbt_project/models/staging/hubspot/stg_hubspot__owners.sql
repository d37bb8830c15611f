-- one row per HubSpot owner delivered in an export
{% set department %}
    coalesce(
        json_extract_string(list_filter(
            json_extract(teams, '$[*]'),
            lambda team: json_extract_string(team, '$.primary') = 'true'
        )[1], '$.name'),
        json_extract_string(teams, '$[0].name')
    )
{% endset %}
{{ staged(
    'hubspot', 'owners',
    derived={
        'name': "nullif(concat_ws(' ', first_name, last_name), '')",
        'is_active': 'not is_archived',
        'department': department,
    },
) }}
