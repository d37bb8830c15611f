-- one row per distinct state in which a contact was delivered
{{ versions_of('contacts', key=['contact_id']) }}
