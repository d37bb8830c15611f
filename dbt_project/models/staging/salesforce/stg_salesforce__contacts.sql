-- one row per Contact record delivered in an export
{% set other_phones_raw %}
    nullif(list_filter(
        [home_phone_raw, other_phone_raw, assistant_phone_raw],
        lambda number: number is not null
    ), [])
{% endset %}
{{ staged(
    'salesforce', 'contacts',
    derived={
        'email_norm': normalise_email('email_raw'),
        'other_phones_raw': other_phones_raw,
    },
) }}
