-- one row per HubSpot contact delivered in an export
{% set merged_ids %}
    nullif(list_sort(list_distinct(list_filter(
        list_transform(
            string_split(concat_ws(';', merged_object_ids, merged_vids), ';'),
            lambda merged: nullif(trim(split_part(merged, ':', 1)), '')
        ),
        lambda merged: merged is not null and merged <> person_id
    ))), [])
{% endset %}
{{ staged(
    'hubspot', 'contacts',
    derived={
        'email_norm': normalise_email('email_raw'),
        'utm_source': utm_from_url('first_page_url', 'source'),
        'utm_medium': utm_from_url('first_page_url', 'medium'),
        'utm_campaign': utm_from_url('first_page_url', 'campaign'),
        'utm_content': utm_from_url('first_page_url', 'content'),
        'utm_term': utm_from_url('first_page_url', 'term'),
        'merged_ids': merged_ids,
    },
) }}
