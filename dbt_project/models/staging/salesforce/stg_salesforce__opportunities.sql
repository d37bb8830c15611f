-- one row per Opportunity record delivered in an export
{{ staged('salesforce', 'opportunities') }}
