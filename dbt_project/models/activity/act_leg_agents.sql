-- one row per source and way in which its call legs name an agent: who that is on the roster
with

-- calls are many, spellings few: each is folded and looked up once
said as (

    select distinct
        source_id,
        agent_email,
        agent_user_key,
        agent_name,
    from {{ ref('act_call_leg_deliveries') }}
    where coalesce(agent_email, agent_user_key, agent_name) is not null

),

folded as (

    select
        *,
        lower(agent_email) as email_key,
        -- the history CSV knows its agents by name alone
        {{ match_key('coalesce(agent_user_key, agent_name)') }} as user_key,
        {{ match_key('agent_name') }} as name_key,
    from said

),

emails as (

    select * from {{ ref('act_agent_keys') }}
    where key_kind = 'email'

),

own_user_keys as (

    select * from {{ ref('act_agent_keys') }}
    where key_kind = 'user_key'

),

user_keys as (

    select * from own_user_keys
    where source_id = '*'

),

names as (

    select * from {{ ref('act_agent_keys') }}
    where key_kind = 'name'

),

known as (

    select
        folded.source_id,
        folded.agent_email,
        folded.agent_user_key,
        folded.agent_name,
        coalesce(
            emails.rep_id, own_user_keys.rep_id, user_keys.rep_id, names.rep_id
        ) as rep_id,
    from folded
    left join emails
        on folded.email_key = emails.key_value
    left join own_user_keys
        on
            folded.source_id = own_user_keys.source_id
            and folded.user_key = own_user_keys.key_value
    left join user_keys
        on folded.user_key = user_keys.key_value
    left join names
        on folded.name_key = names.key_value

)

select * from known
