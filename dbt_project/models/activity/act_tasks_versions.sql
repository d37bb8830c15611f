-- one row per distinct state in which a task was delivered
{{ versions_of('tasks', key=['activity_id']) }}
