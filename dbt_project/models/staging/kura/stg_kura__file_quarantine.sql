-- one row per record set aside for its structure
{{ fact_of_the_run('file_quarantine') }}
