-- one row per job title as written, judged by the title map
with

written as (

    select distinct job_title
    from {{ ref('act_person_entries') }}
    where job_title is not null

),

rules as (

    select distinct
        match,
        {{ match_key('value') }} as value,
        is_key_person,
    from {{ ref('stg_planning__title_map') }}
    where reject_reason is null

),

titles as (

    select
        job_title,
        {{ match_key('job_title') }} as title,
    from written
    where trim(job_title) <> ''

),

-- the most exact rule decides, then the longest; a title without a rule is no key person
judged as (

    select
        titles.job_title,
        coalesce(
            arg_min(
                rules.is_key_person,
                {
                    'exactness': case rules.match
                        when 'exact' then 1
                        when 'prefix' then 2
                        else 3
                    end,
                    'length': -length(rules.value),
                    'value': rules.value
                }
            ) filter (where rules.value is not null),
            false
        ) as is_key_person,
    from titles
    left join rules
        on
            case rules.match
                when 'exact' then titles.title = rules.value
                when 'prefix' then starts_with(titles.title, rules.value)
                else contains(titles.title, rules.value)
            end
    group by titles.job_title

)

select * from judged
where exists (select 1 from rules)
