-- one row per Campaign record delivered in an export
{{ staged('salesforce', 'campaigns') }}
