-- one row per holiday of the company's own
{{ staged('planning', 'company_holidays') }}
