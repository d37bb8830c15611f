-- one row per CampaignMember record delivered in an export
{{ staged('salesforce', 'campaign_members') }}
