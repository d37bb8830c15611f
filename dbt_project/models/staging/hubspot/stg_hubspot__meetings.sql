-- one row per HubSpot meeting delivered in an export
{% set attendee_user_ids %}
    nullif(list_filter(
        list_transform(string_split(attendees, ';'), lambda attendee: trim(attendee)),
        lambda attendee: attendee <> ''
    ), [])
{% endset %}
{{ staged(
    'hubspot', 'meetings',
    derived={
        'updated_at': 'greatest(updated_at, archived_at)',
        'outcome': enum_value('hubspot', 'meetings', 'outcome_raw', 'outcome', "'unknown'"),
        'outcome_basis': "case when outcome_raw is null then 'none' else 'vendor_field' end",
        'attendee_user_ids': attendee_user_ids,
        'company_refs': associated_ids('associated_companies'),
        'contact_refs': associated_ids('associated_contacts'),
        'deal_refs': associated_ids('associated_deals'),
    },
    rules=[('end_before_start', 'ends_at < starts_at')]
        + rules_of_references(['company_refs', 'contact_refs', 'deal_refs']),
) }}
