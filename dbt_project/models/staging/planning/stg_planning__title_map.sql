-- one row per rule on job titles
{{ staged('planning', 'title_map') }}
