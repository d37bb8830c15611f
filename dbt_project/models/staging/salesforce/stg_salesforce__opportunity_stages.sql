-- one row per OpportunityStage record delivered in an export
{{ staged('salesforce', 'opportunity_stages') }}
