-- one row per OpportunityHistory record delivered in an export
{{ staged('salesforce', 'opportunity_history') }}
