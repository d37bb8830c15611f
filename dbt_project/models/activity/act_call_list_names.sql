-- one row per list key of the telephone systems and per campaign of the CRM that is a call list
with

rules as (

    select distinct
        field,
        match,
        {{ match_key('value') }} as value,
        nullif(trim(list_name), '') as list_name,
    from {{ ref('stg_planning__call_lists') }}
    where reject_reason is null

),

list_keys as (

    select distinct call_list
    from {{ ref('act_call_groups') }}
    where call_list <> '(none)'

),

campaigns as (

    select *
    from {{ ref('act_campaigns_versions') }}
    where
        is_current
        and name is not null

),

-- what a rule may look at, and what the list is called where planning gives no name
said as (

    select
        'list_key' as list_origin,
        call_list as list_key,
        'list_key' as field,
        call_list as value,
        call_list as own_name,
    from list_keys

    union all

    select
        'campaign' as list_origin,
        {{ record_key('record_system', 'campaign_id') }} as list_key,
        'campaign_name' as field,
        name as value,
        name as own_name,
    from campaigns

    union all

    select
        'campaign' as list_origin,
        {{ record_key('record_system', 'campaign_id') }} as list_key,
        'campaign_type' as field,
        type as value,
        name as own_name,
    from campaigns
    where type is not null

),

-- a name says more than a type; then the most exact rule decides, then the longest
judged as (

    select
        said.list_origin,
        said.list_key,
        arg_min(
            {'list_name': rules.list_name},
            {
                'breadth': case when said.field = 'campaign_type' then 1 else 0 end,
                'exactness': case rules.match
                    when 'exact' then 1
                    when 'prefix' then 2
                    else 3
                end,
                'length': -length(rules.value),
                'value': rules.value,
                'list_name': coalesce(rules.list_name, '')
            }
        ) as decided,
    from said
    inner join rules
        on
            said.field = rules.field
            and case rules.match
                when 'exact' then {{ match_key('said.value') }} = rules.value
                when 'prefix' then starts_with({{ match_key('said.value') }}, rules.value)
                else contains({{ match_key('said.value') }}, rules.value)
            end
    group by said.list_origin, said.list_key

),

subjects as (

    select distinct
        list_origin,
        list_key,
        own_name,
    from said

),

names as (

    select
        subjects.list_origin,
        subjects.list_key,
        coalesce(judged.decided.list_name, subjects.own_name) as call_list,
        judged.list_key is not null as is_named_by_planning,
    from subjects
    left join judged
        on
            subjects.list_origin = judged.list_origin
            and subjects.list_key = judged.list_key
    -- the key of a dialler is a list whatever planning says; a campaign only if it says so
    where
        subjects.list_origin = 'list_key'
        or judged.list_key is not null

)

select * from names
