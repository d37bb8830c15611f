-- one row per distinct state in which a calendar event was delivered
{{ versions_of('events', key=['meeting_id']) }}
