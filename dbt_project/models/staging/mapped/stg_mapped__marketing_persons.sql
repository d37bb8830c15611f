-- one row per person record of a mapped source delivered in an export
{{ staged(
    'mapped', 'marketing_persons',
    derived={
        'email_norm': normalise_email('email_raw'),
        'utm_source': 'coalesce(utm_source, ' ~ utm_from_url('first_page_url', 'source') ~ ')',
        'utm_medium': 'coalesce(utm_medium, ' ~ utm_from_url('first_page_url', 'medium') ~ ')',
        'utm_campaign': 'coalesce(utm_campaign, ' ~ utm_from_url('first_page_url', 'campaign') ~ ')',
        'utm_content': 'coalesce(utm_content, ' ~ utm_from_url('first_page_url', 'content') ~ ')',
        'utm_term': 'coalesce(utm_term, ' ~ utm_from_url('first_page_url', 'term') ~ ')',
    },
) }}
