-- one row per User record delivered in an export
{{ staged('salesforce', 'users') }}
