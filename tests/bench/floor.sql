-- The yardstick: kpi_rep_daily straight from the exports, set-based and without a single check.
--
-- Variables (tests/bench/floor.py sets them): as_of, first_day, holidays, and one list of files per
-- export. Files are UTF-8 here; which of them had to be decoded, unpacked or taken out of a
-- workbook is the runner's business. Lines `-- step: …` cut the script into what is timed apart.
-- Keys are 64-bit hashes of the exports' ids, instants are local times of Tokyo (UTC + 9 h, no
-- summer time). What only the simulated company allows is marked `Simplified:`.

-- step: planning
-- Digits of E.164 as a number, from what a telephone system wrote: digits, perhaps with hyphens.
-- Ten digits behind a mobile's prefix are no Japanese number. Simplified: foreign numbers are
-- complete, and nobody rings a free or shared-cost number
create or replace macro domestic(digits) as
    case
        when digits[1] = '+' then try_cast(digits[2:] as bigint)
        when digits[1] <> '0' then null
        when length(digits) = 10 and not (digits[3] = '0' and digits[2] in ('2', '5', '6', '7', '8', '9'))
            then 81000000000 + try_cast(digits as bigint)
        when length(digits) = 11 and digits[3] = '0' and digits[2] in ('2', '5', '6', '7', '8', '9')
            then 810000000000 + try_cast(digits as bigint)
    end;

-- The same from what people typed: full-width, brackets, +81, extensions, a zero a spreadsheet ate.
create or replace macro narrow(said) as
    case
        when regexp_full_match(said, '[0-9-]*') then replace(said, '-', '')
        -- as many bytes as letters: nothing full-width in it
        when strlen(said) = length(said) then regexp_replace(said, 'ext.*$|[^0-9+]', '', 'g')
        else regexp_replace(
            translate(said, '０１２３４５６７８９', '0123456789'), '内線.*$|[^0-9+]', '', 'g'
        )
    end;

create or replace macro typed(digits, is_repaired) as
    domestic(
        case
            when digits[1] = '0' then digits
            when starts_with(digits, '+81') then '0' || ltrim(digits[4:], '0')
            when digits[1] = '+' then digits
            when
                is_repaired
                and (length(digits) = 9 or length(digits) = 10 and digits[2] = '0' and digits[1] >= '5')
                then '0' || digits
        end
    );

-- Simplified: 64 bits tell ten million ids apart.
create or replace macro id_key(id) as case when id is not null then hash(id) end;

create or replace macro address(said) as lower(trim(replace(said, '＠', '@')));

create or replace macro is_of_many(said) as
    coalesce(regexp_matches(said, '^ *(info|sales|contact|support|noreply)[@＠]', 'i'), false);

create or replace macro is_ours(said) as coalesce(contains(lower(said), getvariable('own_domain')), false);

-- Newest record wins; only what came more than once is compared.
create or replace macro newest(name) as table
    with repeated as (

        select key from query_table(name)
        group by key
        having count(*) > 1

    )

    select * exclude (filename)
    from query_table(name)
    where key not in (select key from repeated)
    union all
    select * exclude (filename)
    from query_table(name)
    where key in (select key from repeated)
    qualify
        row_number() over (
            partition by key
            order by updated_at desc, regexp_extract(filename, '_([0-9]{8}T[0-9]{4})', 1) desc
        ) = 1;

-- Simplified: whoever logs a call or books a meeting stands on the roster with his user id, so that
-- the CRM's users are not read
create temp table reps as
select
    rep_id,
    row_number() over (order by rep_id) as rep,
    any_value(email) as email,
    any_value(rep_name) as rep_name,
    -- 15 characters name a user; the roster writes some ids short
    any_value(id_key(left(crm_user_id, 15))) as user_key
from read_csv(
    getvariable('planning') || 'roster.csv', auto_detect = false, header = true,
    columns = {
        'rep_id': 'varchar', 'rep_name': 'varchar', 'email': 'varchar', 'crm_user_id': 'varchar',
        'cti_user_key': 'varchar', 'team': 'varchar', 'business_unit': 'varchar',
        'motion': 'varchar', 'manager_rep_id': 'varchar', 'cti': 'varchar', 'valid_from': 'date',
        'valid_to': 'date'
    }
)
group by rep_id;

-- A rep's team on every day: who left keeps what he was last.
create temp table spans as
with

roster as (

    select
        reps.rep,
        roster.team,
        roster.business_unit,
        roster.motion,
        roster.cti = 'yes' as has_cti,
        roster.valid_from,
        coalesce(roster.valid_to, date '9999-12-31') as valid_to
    from read_csv(
        getvariable('planning') || 'roster.csv', auto_detect = false, header = true,
        columns = {
            'rep_id': 'varchar', 'rep_name': 'varchar', 'email': 'varchar',
            'crm_user_id': 'varchar', 'cti_user_key': 'varchar', 'team': 'varchar',
            'business_unit': 'varchar', 'motion': 'varchar', 'manager_rep_id': 'varchar',
            'cti': 'varchar', 'valid_from': 'date', 'valid_to': 'date'
        }
    ) as roster
    inner join reps on roster.rep_id = reps.rep_id

),

-- Simplified: a rep's rows follow each other without overlap
placed as (

    select
        *,
        row_number() over () as span,
        coalesce(
            lead(valid_from) over (partition by rep order by valid_from) - 1, date '9999-12-31'
        ) as span_to
    from roster

)

select * from placed;

create temp table dispositions as
select
    coalesce(source_id, '*') as source_id,
    value,
    disposition,
    rank,
    disposition in ('connected', 'callback_requested', 'meeting_set', 'not_interested')
        as is_intended
from read_csv(
    getvariable('planning') || 'dispositions.csv', auto_detect = false, header = true,
    columns = {
        'source_id': 'varchar', 'value': 'varchar', 'disposition': 'varchar', 'rank': 'integer'
    }
)
where disposition not in ('other', 'unknown');

-- Simplified: planning's rules name two fields, each value meets its first rule by priority
create temp table channel_rules as
select
    priority,
    field,
    match,
    lower(value) as value,
    channel,
    -- numbers stand for names until the end
    cast(dense_rank() over (order by channel) as integer) as channel_number
from read_csv(
    getvariable('planning') || 'channel_rules.csv', auto_detect = false, header = true,
    columns = {
        'priority': 'integer', 'field': 'varchar', 'match': 'varchar', 'value': 'varchar',
        'channel_group': 'varchar', 'channel': 'varchar'
    }
);

create temp table channels as
select distinct
    channel_number,
    channel
from channel_rules
union all
values
(0, '(none)'),
(-1, '(unmapped)'),
(-2, '(unlinked)'),
(-3, '(no activity)');

create temp table rates as
select
    currency,
    valid_from,
    rate
from read_csv(
    getvariable('planning') || 'currency_rates.csv', auto_detect = false, header = true,
    columns = {
        'currency': 'varchar', 'valid_from': 'date', 'rate': 'double'
    }
);

-- step: read calls
create temp table read_legs as
select
    id_key(leg_id) as key,
    id_key(leg_id) as call_key,
    'miitel' as source_id,
    user_name,
    cast(null as varchar) as email,
    call_type,
    call_from,
    call_to,
    started_at,
    answered_at,
    ended_at,
    memo,
    started_at as updated_at,
    filename
from read_csv(
    getvariable('history_list'), auto_detect = false, header = true, filename = true,
    columns = {
        'leg_id': 'varchar', 'user_name': 'varchar', 'company': 'varchar', 'person': 'varchar',
        'call_from': 'varchar', 'call_to': 'varchar', 'call_type': 'varchar',
        'started_at': 'timestamp', 'answered_at': 'timestamp', 'ended_at': 'timestamp',
        'ringing': 'varchar', 'duration': 'varchar', 'memo': 'varchar', 'score': 'varchar'
    }
)
where leg_id is not null and ended_at >= started_at
union all
select
    id_key(leg_id) as key,
    id_key(call_id) as call_key,
    'miitel' as source_id,
    user_name,
    null as email,
    call_type,
    call_from,
    call_to,
    started_at,
    answered_at,
    ended_at,
    memo,
    started_at as updated_at,
    filename
from read_csv(
    getvariable('history_flow'), auto_detect = false, header = true, filename = true,
    columns = {
        'leg_id': 'varchar', 'call_id': 'varchar', 'previous_id': 'varchar', 'user_name': 'varchar',
        'company': 'varchar', 'person': 'varchar', 'call_from': 'varchar', 'call_to': 'varchar',
        'call_type': 'varchar', 'started_at': 'timestamp', 'answered_at': 'timestamp',
        'ended_at': 'timestamp', 'ringing': 'varchar', 'duration': 'varchar', 'memo': 'varchar',
        'score': 'varchar'
    }
)
where leg_id is not null and ended_at >= started_at
union all
select
    id_key(leg_id) as key,
    id_key(leg_id) as call_key,
    'osaka' as source_id,
    null as user_name,
    email,
    direction as call_type,
    own_number as call_from,
    customer_number as call_to,
    started_at,
    -- what was busy or not taken was not answered
    case when result = '応答' then answered_at end as answered_at,
    ended_at,
    memo,
    started_at as updated_at,
    filename
from read_csv(
    getvariable('osaka'), auto_detect = false, header = true, filename = true,
    timestampformat = '%Y/%m/%d %H:%M:%S', ignore_errors = true,
    columns = {
        'leg_id': 'varchar', 'direction': 'varchar', 'started_at': 'timestamp',
        'answered_at': 'timestamp', 'ended_at': 'timestamp', 'result': 'varchar',
        'duration': 'varchar', 'email': 'varchar', 'own_number': 'varchar',
        'customer_number': 'varchar', 'memo': 'varchar', 'list_key': 'varchar'
    }
)
where leg_id is not null;

-- step: calls
-- Who wrote what how is looked up per spelling, not per call.
create temp table names as
select
    rep_name as name,
    any_value(rep) as rep
from reps
group by rep_name
having count(*) = 1;

-- Simplified: the spellings of the company's exports; what is left out (内線) is internal
create temp table call_types as
select spellings.*
from (
    values
    ('発信', 'outbound', 'primary'),
    ('発信(不在)', 'outbound', 'primary'),
    ('Outbound call', 'outbound', 'primary'),
    ('Outbound call (No Answer)', 'outbound', 'primary'),
    ('predictive_dial', 'outbound', 'dialer'),
    ('着信', 'inbound', 'primary'),
    ('着信(不在)', 'inbound', 'primary'),
    ('incoming call', 'inbound', 'primary'),
    ('転送', 'unknown', 'transfer'),
    ('転送(不在)', 'unknown', 'transfer'),
    ('留守番電話', 'unknown', 'voicemail'),
    ('answering machine', 'unknown', 'voicemail'),
    ('read_dtmf', 'unknown', 'ivr')
) as spellings (call_type, direction, role);

create temp table memos as
with

words as (

    select
        source_id,
        memo,
        trim(unnest(string_split(memo, '、')), ' 　') as word
    from (
        select distinct source_id, memo
        from read_legs
        where memo is not null
    ) as written

),

-- a rule of the source itself goes before the rule for all
meanings as (

    select
        words.source_id,
        words.memo,
        arg_min(
            {
                'disposition': dispositions.disposition,
                'is_intended': dispositions.is_intended,
                'rank': dispositions.rank
            },
            dispositions.source_id = '*'
        ) as meaning
    from words
    inner join dispositions
        on words.word = dispositions.value and dispositions.source_id in ('*', words.source_id)
    group by words.source_id, words.memo, words.word

)

select
    source_id,
    memo,
    arg_min(meaning.disposition, meaning.rank) as disposition,
    arg_min(meaning.is_intended, meaning.rank) as is_intended,
    min(meaning.rank) as rank
from meanings
group by source_id, memo;

create temp table own_numbers as
select number
from (select domestic(unnest(getvariable('own_numbers'))) as number) as own
where number is not null;

-- Internal calls and calls between own lines count nowhere and are left out at once.
create temp table legs as
with

delivered as (

    select * from newest('read_legs')

),

placed as (

    select
        delivered.key,
        delivered.call_key,
        delivered.started_at,
        delivered.ended_at,
        delivered.answered_at is not null and call_types.role not in ('voicemail', 'ivr') as is_answered,
        delivered.user_name not in ('-', 'プレディクティブコール')
        or delivered.email is not null as has_agent,
        coalesce(names.rep, agents.rep, 0) as rep,
        call_types.direction,
        call_types.role,
        domestic(
            replace(
                -- a leg without a direction names our own line first
                case
                    when call_types.direction = 'inbound' then delivered.call_from
                    else delivered.call_to
                end,
                '-',
                ''
            )
        ) as number,
        date_diff('second', delivered.answered_at, delivered.ended_at) as talk_seconds,
        memos.disposition,
        memos.is_intended,
        memos.rank
    from delivered
    inner join call_types on delivered.call_type = call_types.call_type
    left join names on delivered.user_name = names.name
    left join reps as agents on delivered.email = agents.email
    left join memos on delivered.source_id = memos.source_id and delivered.memo = memos.memo
    where delivered.started_at < getvariable('as_of') + 1

)

select *
from placed
where number is null or number not in (from own_numbers);

-- Only the flow view has calls of several legs.
create temp table further_legs as
select
    key,
    call_key
from legs
where key <> call_key;

create temp table calls as
with

joined_legs as (

    select *
    from legs
    where call_key in (select further_legs.call_key from further_legs)

),

-- the root's id is the call's; an answered transfer behind a dialler is the agent's conversation
joined_calls as (

    select
        call_key,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        any_value(direction) filter (where key = call_key) as direction,
        any_value(role) filter (where key = call_key) = 'dialer' as is_dialled_by_machine,
        any_value(is_answered) filter (where key = call_key) as is_root_answered,
        bool_or(is_answered) as is_any_answered,
        any_value(rep) filter (where key = call_key) as root_rep,
        any_value(rep) filter (where has_agent and is_answered) as joining_rep,
        bool_or(has_agent) as has_agent,
        bool_or(has_agent and is_answered) as has_joined_agent,
        any_value(number) filter (where key = call_key) as number,
        sum(talk_seconds) filter (where is_answered) as talk_seconds,
        sum(talk_seconds) filter (where is_answered and role <> 'dialer') as talk_of_people,
        arg_min(disposition, rank) filter (where rank is not null) as disposition,
        arg_min(is_intended, rank) filter (where rank is not null) as is_intended
    from joined_legs
    group by call_key

)

select
    key as call_key,
    started_at,
    ended_at,
    cast(started_at as date) as called_on,
    direction,
    is_answered,
    has_agent and (role <> 'dialer' or is_answered) as has_agent,
    case when role = 'dialer' and not (has_agent and is_answered) then 0 else rep end as rep,
    number,
    case when is_answered then coalesce(talk_seconds, 0) else 0 end as talk_seconds,
    disposition,
    is_intended
from legs
where call_key not in (select further_legs.call_key from further_legs)
union all
select
    call_key,
    started_at,
    ended_at,
    cast(started_at as date) as called_on,
    direction,
    case when direction = 'outbound' then is_root_answered else is_any_answered end as is_answered,
    case when is_dialled_by_machine then has_joined_agent else has_agent end as has_agent,
    case when is_dialled_by_machine then coalesce(joining_rep, 0) else root_rep end as rep,
    number,
    case
        when not case when direction = 'outbound' then is_root_answered else is_any_answered end then 0
        when is_dialled_by_machine then coalesce(talk_of_people, talk_seconds, 0)
        else coalesce(talk_seconds, 0)
    end as talk_seconds,
    disposition,
    is_intended
from joined_calls;

drop table read_legs;
drop table legs;

-- step: read crm
create temp table read_accounts as
select
    id_key(id) as key,
    phone,
    id_key(master_id) as master_key,
    updated_at,
    filename
from read_csv(
    getvariable('Account'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'name': 'varchar', 'phone': 'varchar', 'website': 'varchar',
        'industry': 'varchar', 'employees': 'varchar', 'revenue': 'varchar', 'type': 'varchar',
        'source': 'varchar', 'parent_id': 'varchar', 'owner_id': 'varchar', 'master_id': 'varchar',
        'created_at': 'timestamp', 'modified_at': 'timestamp', 'updated_at': 'timestamp',
        'is_deleted': 'boolean'
    }
);

create temp table read_leads as
select
    id_key(id) as key,
    id,
    id_key(address(email)) as email_key,
    is_of_many(email) as is_of_many,
    is_ours(email) as is_internal,
    phone,
    mobile,
    lead_source,
    utm_medium,
    coalesce(lead_source, utm_source, utm_medium, utm_campaign) is not null as is_filled,
    id_key(account_id) as account_key,
    id_key(contact_id) as contact_key,
    id_key(opportunity_id) as opportunity_key,
    id_key(master_id) as master_key,
    master_id is not null as is_merged,
    created_at + interval 9 hour as created_at,
    updated_at,
    is_deleted,
    filename
from read_csv(
    getvariable('Lead'), auto_detect = false, header = true, filename = true, ignore_errors = true,
    columns = {
        'id': 'varchar', 'first_name': 'varchar', 'last_name': 'varchar', 'name': 'varchar',
        'company': 'varchar', 'title': 'varchar', 'email': 'varchar', 'phone': 'varchar',
        'mobile': 'varchar', 'lead_source': 'varchar', 'status': 'varchar', 'rating': 'varchar',
        'industry': 'varchar', 'employees': 'varchar', 'owner_id': 'varchar',
        'is_converted': 'varchar', 'converted_on': 'varchar', 'account_id': 'varchar',
        'contact_id': 'varchar', 'opportunity_id': 'varchar', 'is_opted_out': 'varchar',
        'do_not_call': 'varchar', 'bounced_at': 'varchar', 'utm_source': 'varchar',
        'utm_medium': 'varchar', 'utm_campaign': 'varchar', 'score': 'varchar',
        'master_id': 'varchar', 'created_by_id': 'varchar', 'created_at': 'timestamp',
        'modified_at': 'timestamp', 'updated_at': 'timestamp', 'is_deleted': 'boolean'
    }
)
where id is not null;

create temp table read_contacts as
select
    id_key(id) as key,
    id,
    id_key(address(email)) as email_key,
    is_of_many(email) as is_of_many,
    is_ours(email) as is_internal,
    phone,
    mobile,
    home_phone,
    other_phone,
    assistant_phone,
    lead_source,
    id_key(account_id) as account_key,
    id_key(master_id) as master_key,
    master_id is not null as is_merged,
    created_at + interval 9 hour as created_at,
    updated_at,
    is_deleted,
    filename
from read_csv(
    getvariable('Contact'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'account_id': 'varchar', 'first_name': 'varchar', 'last_name': 'varchar',
        'name': 'varchar', 'title': 'varchar', 'department': 'varchar', 'email': 'varchar',
        'phone': 'varchar', 'mobile': 'varchar', 'home_phone': 'varchar', 'other_phone': 'varchar',
        'assistant_phone': 'varchar', 'lead_source': 'varchar', 'owner_id': 'varchar',
        'master_id': 'varchar', 'created_at': 'timestamp', 'modified_at': 'timestamp',
        'updated_at': 'timestamp', 'is_deleted': 'boolean'
    }
);

create temp table read_marketing as
select
    id_key(id) as key,
    id,
    id_key(nullif(address(properties.email), '')) as email_key,
    is_of_many(properties.email) as is_of_many,
    is_ours(properties.email) as is_internal,
    properties.phone,
    nullif(
        lower(regexp_extract(properties.hs_analytics_first_url, '[?&]utm_medium=([^&#]*)', 1)), ''
    ) as utm_medium,
    properties.hs_analytics_source is not null as is_filled,
    id_key(properties.salesforceleadid) as lead_key,
    createdat + interval 9 hour as created_at,
    updatedat as updated_at,
    archived as is_deleted,
    filename
from read_json(
    getvariable('hubspot'), format = 'newline_delimited', filename = true,
    columns = {
        'id': 'varchar', 'createdAt': 'timestamp', 'updatedAt': 'timestamp', 'archived': 'boolean',
        'properties': 'struct(
            email varchar, phone varchar, hs_analytics_first_url varchar, hs_analytics_source varchar,
            salesforceleadid varchar
        )'
    }
);

create temp table read_campaigns as
select
    id_key(id) as key,
    name,
    updated_at,
    filename
from read_csv(
    getvariable('Campaign'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'name': 'varchar', 'type': 'varchar', 'status': 'varchar',
        'starts_on': 'varchar', 'ends_on': 'varchar', 'parent_id': 'varchar', 'budget': 'varchar',
        'cost': 'varchar', 'is_active': 'varchar', 'owner_id': 'varchar', 'created_at': 'timestamp',
        'modified_at': 'timestamp', 'updated_at': 'timestamp', 'is_deleted': 'boolean'
    }
);

create temp table read_members as
select
    id_key(id) as key,
    id,
    id_key(campaign_id) as campaign_key,
    id_key(coalesce(lead_id, contact_id)) as who_key,
    created_at + interval 9 hour as created_at,
    updated_at,
    is_deleted,
    filename
from read_csv(
    getvariable('CampaignMember'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'campaign_id': 'varchar', 'lead_id': 'varchar', 'contact_id': 'varchar',
        'status': 'varchar', 'has_responded': 'varchar', 'responded_on': 'varchar',
        'lead_source': 'varchar', 'created_at': 'timestamp', 'modified_at': 'timestamp',
        'updated_at': 'timestamp', 'is_deleted': 'boolean'
    }
);

create temp table read_tasks as
select
    id_key(id) as key,
    id_key(who_id) as who_key,
    id_key(left(owner_id, 15)) as owner_key,
    subtype,
    call_type,
    is_closed and not is_deleted as is_done,
    duration,
    disposition,
    id_key(lower(call_object)) as leg_key,
    coalesce(completed_at, created_at) + interval 9 hour as logged_at,
    updated_at,
    filename
from read_csv(
    getvariable('Task'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'subject': 'varchar', 'who_id': 'varchar', 'what_id': 'varchar',
        'account_id': 'varchar', 'owner_id': 'varchar', 'created_by_id': 'varchar',
        'activity_on': 'varchar', 'status': 'varchar', 'priority': 'varchar',
        'is_closed': 'boolean', 'is_archived': 'varchar', 'subtype': 'varchar',
        'call_type': 'varchar', 'duration': 'double', 'disposition': 'varchar',
        'call_object': 'varchar', 'description': 'varchar', 'completed_at': 'timestamp',
        'created_at': 'timestamp', 'modified_at': 'timestamp', 'updated_at': 'timestamp',
        'is_deleted': 'boolean'
    }
)
where id is not null;

create temp table read_events as
select
    id_key(id) as key,
    id as event_id,
    id_key(who_id) as who_key,
    id_key(what_id) as related_key,
    id_key(account_id) as account_key,
    id_key(left(created_by_id, 15)) as creator_key,
    starts_at + interval 9 hour as starts_at,
    created_at + interval 9 hour as booked_at,
    updated_at + interval 9 hour as changed_at,
    is_child,
    outcome,
    is_deleted,
    updated_at,
    filename
from read_csv(
    getvariable('Event'), auto_detect = false, header = true, filename = true, ignore_errors = true,
    columns = {
        'id': 'varchar', 'subject': 'varchar', 'type': 'varchar', 'who_id': 'varchar',
        'what_id': 'varchar', 'account_id': 'varchar', 'owner_id': 'varchar',
        'created_by_id': 'varchar', 'starts_at': 'timestamp', 'ends_at': 'timestamp',
        'activity_on': 'varchar', 'is_all_day': 'varchar', 'is_child': 'boolean',
        'outcome': 'varchar', 'created_at': 'timestamp', 'modified_at': 'timestamp',
        'updated_at': 'timestamp', 'is_deleted': 'boolean'
    }
)
where starts_at is not null and ends_at >= starts_at;

create temp table read_opportunities as
select
    id_key(id) as key,
    id as opportunity_id,
    id_key(account_id) as account_key,
    currency,
    created_at + interval 9 hour as created_at,
    updated_at,
    is_deleted,
    filename
from read_csv(
    getvariable('Opportunity'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'account_id': 'varchar', 'contact_id': 'varchar', 'name': 'varchar',
        'type_id': 'varchar', 'stage': 'varchar', 'amount': 'varchar', 'currency': 'varchar',
        'probability': 'varchar', 'forecast': 'varchar', 'close_on': 'varchar',
        'is_closed': 'varchar', 'is_won': 'varchar', 'type': 'varchar', 'lead_source': 'varchar',
        'campaign_id': 'varchar', 'owner_id': 'varchar', 'created_by_id': 'varchar',
        'business_unit': 'varchar', 'loss_reason': 'varchar', 'stage_changed_at': 'varchar',
        'created_at': 'timestamp', 'modified_at': 'timestamp', 'updated_at': 'timestamp',
        'is_deleted': 'boolean'
    }
);

create temp table read_history as
select
    id_key(id) as key,
    id,
    id_key(opportunity_id) as opportunity_key,
    stage,
    amount,
    close_on,
    created_at + interval 9 hour as recorded_at,
    updated_at,
    filename
from read_csv(
    getvariable('OpportunityHistory'), auto_detect = false, header = true, filename = true,
    columns = {
        'id': 'varchar', 'opportunity_id': 'varchar', 'stage': 'varchar', 'amount': 'double',
        'probability': 'varchar', 'close_on': 'date', 'forecast': 'varchar',
        'created_by_id': 'varchar', 'created_at': 'timestamp', 'updated_at': 'timestamp',
        'is_deleted': 'boolean'
    }
);

create temp table stages as
select
    stage,
    any_value(sort_order) as sort_order,
    any_value(is_closed) as is_closed,
    any_value(is_won) as is_won
from read_csv(
    getvariable('OpportunityStage'), auto_detect = false, header = true,
    columns = {
        'id': 'varchar', 'stage': 'varchar', 'label': 'varchar', 'sort_order': 'integer',
        'is_closed': 'boolean', 'is_won': 'boolean', 'probability': 'varchar',
        'is_active': 'varchar', 'created_at': 'varchar', 'modified_at': 'varchar',
        'updated_at': 'varchar'
    }
)
group by stage;

-- step: persons
-- Simplified: an account is merged once, into one that stays
create temp table accounts as
select
    key,
    coalesce(master_key, key) as account,
    phone
from newest('read_accounts');

create temp table leads as
select * from newest('read_leads');

create temp table records as
with

-- kind 1 lead, 2 contact, 3 marketing; a kind and a key name a record
noted as (

    select
        1 as kind,
        key,
        id,
        email_key,
        is_of_many,
        is_internal,
        [phone, mobile] as numbers,
        lead_source,
        utm_medium,
        is_filled,
        account_key,
        contact_key as other_key,
        master_key,
        created_at,
        is_deleted,
        is_merged
    from leads
    union all
    select
        1 as kind,
        id_key(lead_id) as key,
        lead_id as id,
        id_key(address(email)) as email_key,
        is_of_many(email) as is_of_many,
        is_ours(email) as is_internal,
        [phone] as numbers,
        '展示会' as lead_source,
        null as utm_medium,
        true as is_filled,
        null as account_key,
        null as other_key,
        null as master_key,
        created_at,
        false as is_deleted,
        false as is_merged
    from read_csv(
        getvariable('expo'), auto_detect = false, header = true,
        columns = {
            'lead_id': 'varchar', 'name': 'varchar', 'company': 'varchar', 'title': 'varchar',
            'email': 'varchar', 'phone': 'varchar', 'created_at': 'timestamp'
        }
    )
    union all
    select
        2 as kind,
        key,
        id,
        email_key,
        is_of_many,
        is_internal,
        [phone, mobile, home_phone, other_phone, assistant_phone] as numbers,
        lead_source,
        null as utm_medium,
        lead_source is not null as is_filled,
        account_key,
        null as other_key,
        master_key,
        created_at,
        is_deleted,
        is_merged
    from newest('read_contacts')
    union all
    select
        3 as kind,
        key,
        id,
        email_key,
        is_of_many,
        is_internal,
        [phone] as numbers,
        null as lead_source,
        utm_medium,
        is_filled,
        null as account_key,
        lead_key as other_key,
        null as master_key,
        created_at,
        is_deleted,
        false as is_merged
    from newest('read_marketing')

)

select
    noted.* exclude (account_key),
    row_number() over () as record,
    coalesce(accounts.account, noted.account_key) as account
from noted
left join accounts on noted.account_key = accounts.key
where noted.created_at < getvariable('as_of') + 1;

-- Records of one person: one address that is nobody's office box, or one names the other.
-- Simplified: whom a marketing record names by CRM id is always exported, and so are both sides of
-- a merge or a conversion; a marketing record's address always stands on its lead, too
create temp table placed_records as
with recursive

-- the CRM id of a marketing record goes before its address; it only follows the lead it names
followers as (

    select
        records.record,
        min(leads.record) as leader
    from records
    inner join records as leads on records.other_key = leads.key and leads.kind = 1
    where records.kind = 3
    group by records.record

),

boxes as (

    select
        email_key,
        min(record) as bundle
    from records
    where email_key is not null and not is_of_many and record not in (select followers.record from followers)
    group by email_key

),

bundled as (

    select
        records.*,
        case
            when followers.record is null and not records.is_of_many
                then coalesce(boxes.bundle, records.record)
            else records.record
        end as bundle,
        followers.leader
    from records
    left join followers on records.record = followers.record
    left join boxes on records.email_key = boxes.email_key

),

links as (

    select
        bundled.bundle,
        contacts.bundle as other
    from bundled
    inner join bundled as contacts
        on bundled.other_key = contacts.key and bundled.kind = 1 and contacts.kind = 2
    where bundled.bundle <> contacts.bundle
    union
    select
        bundled.bundle,
        winners.bundle as other
    from bundled
    inner join bundled as winners
        on bundled.master_key = winners.key and bundled.kind = winners.kind
    where bundled.bundle <> winners.bundle

),

edges as (

    select * from links
    union all
    select
        other as bundle,
        bundle as other
    from links

),

-- few bundles are left to be joined, because most people have one address everywhere
labels (bundle, person) using key (bundle) as (

    select
        bundle,
        least(bundle, min(other)) as person
    from edges
    group by bundle
    union
    select
        edges.other as bundle,
        min(labels.person) as person
    from labels
    inner join edges on labels.bundle = edges.bundle
    inner join recurring.labels as known on edges.other = known.bundle
    where labels.person < known.person
    group by edges.other

),

persons as (

    select
        bundled.* exclude (bundle),
        coalesce(labels.person, bundled.bundle) as person
    from bundled
    left join labels on bundled.bundle = labels.bundle

)

select
    persons.* replace (coalesce(leaders.person, persons.person) as person)
from persons
left join persons as leaders on persons.leader = leaders.record;

-- Whom a task, an event or a campaign points at.
create temp table people as
select
    key as who_key,
    person,
    is_internal
from placed_records
where kind <> 3;

create temp table person_accounts as
select
    person,
    arg_min(account, {'gone': is_deleted, 'kind': kind <> 2, 'at': created_at, 'id': id}) as account
from placed_records
where account is not null
group by person;

-- step: channels and campaigns
-- The earliest lead speaks, then contacts, deleted leads, marketing records. Simplified: who merged
-- a lead away was not deleted later
create temp table person_channels as
with

speakers as (

    select
        person,
        arg_min(
            {'lead_source': lead_source, 'utm_medium': utm_medium, 'is_filled': is_filled},
            {
                'preference': case
                    when kind = 1 and (not is_deleted or is_merged) then 1
                    when kind = 2 then 2
                    when kind = 1 then 3
                    else 4
                end,
                'at': created_at,
                'id': id
            }
        ) as said
    from placed_records
    group by person

),

said_values as (

    select distinct
        'lead_source' as field,
        lower(said.lead_source) as value
    from speakers
    union
    select
        'utm_medium' as field,
        lower(said.utm_medium) as value
    from speakers

),

judged as (

    select
        said_values.field,
        said_values.value,
        min(channel_rules.priority) as priority
    from said_values
    inner join channel_rules
        on said_values.field = channel_rules.field
        and case channel_rules.match
            when 'prefix' then starts_with(said_values.value, channel_rules.value)
            when 'contains' then contains(said_values.value, channel_rules.value)
            else said_values.value = channel_rules.value
        end
    group by said_values.field, said_values.value

)

select
    speakers.person,
    coalesce(channel_rules.channel_number, case when speakers.said.is_filled then -1 else 0 end) as channel
from speakers
left join judged as by_source
    on lower(speakers.said.lead_source) = by_source.value and by_source.field = 'lead_source'
left join judged as by_medium
    on lower(speakers.said.utm_medium) = by_medium.value and by_medium.field = 'utm_medium'
left join channel_rules on least(by_source.priority, by_medium.priority) = channel_rules.priority;

create temp table campaigns as
select
    name as campaign,
    row_number() over () as campaign_number,
    list(key) as keys
from newest('read_campaigns')
group by name
union all
values
('(none)', 0, []),
('(no activity)', -3, []);

-- Every touch of a campaign counts until the next one.
create temp table touches as
with

numbers as (

    select
        campaign_number,
        unnest(keys) as key
    from campaigns

),

members as (

    select
        people.person,
        members.created_at as touched_from,
        arg_max(numbers.campaign_number, members.id) as campaign
    from newest('read_members') as members
    inner join numbers on members.campaign_key = numbers.key
    inner join people on members.who_key = people.who_key
    where not members.is_deleted and members.created_at < getvariable('as_of') + 1
    group by people.person, members.created_at

)

select
    *,
    lead(touched_from, 1, timestamp '9999-12-31') over touches_of_person as touched_until
from members
window touches_of_person as (partition by person order by touched_from);

-- step: numbers
create temp table written_numbers as
with

written as (

    select
        person,
        not is_deleted and not is_merged as is_living,
        is_internal,
        -- sources.yml has zeros put back in the CRM and the exhibition's list only
        kind <> 3 as is_repaired,
        null as account,
        unnest(numbers) as said
    from placed_records
    union all
    select
        null as person,
        null as is_living,
        null as is_internal,
        true as is_repaired,
        account,
        phone as said
    from accounts

)

select
    * exclude (said),
    narrow(said) as digits
from written
where said is not null;

-- a table of its own, because a formula that is looked at twice is computed twice
create temp table read_numbers as
select
    * exclude (digits, is_repaired),
    typed(digits, is_repaired) as number
from written_numbers;

create temp table typed_numbers as
select *
from read_numbers
where number is not null and number not in (from own_numbers);

create temp table person_numbers as
select
    person,
    number,
    bool_or(is_living) as is_living,
    coalesce(bool_or(is_internal) filter (where is_living), bool_or(is_internal)) as is_internal
from typed_numbers
where person is not null
group by person, number;

-- Whose number it is: one person's, if nobody else alive and no company has it.
create temp table number_matches as
with

noted as (

    select
        person_numbers.number,
        person_numbers.person,
        person_accounts.account,
        person_numbers.is_living,
        person_numbers.is_internal
    from person_numbers
    left join person_accounts on person_numbers.person = person_accounts.person
    union all
    select distinct
        number,
        null as person,
        account,
        null as is_living,
        null as is_internal
    from typed_numbers
    where person is null

),

counted as (

    select
        number,
        bool_or(is_living) as has_living,
        count(person) as persons,
        count(person) filter (where is_living) as living_persons,
        any_value(person) as person,
        any_value(person) filter (where is_living) as living_person,
        count(*) filter (where person is null) as accounts,
        coalesce(bool_and(is_internal) filter (where is_living), bool_and(is_internal), false)
            as are_internal,
        count(distinct account) = 1 and bool_and(account is not null) as is_of_one_account
    from noted
    group by number

)

select
    number,
    case
        when accounts > 0 then null
        when living_persons = 1 then living_person
        when living_persons = 0 and persons = 1 then person
    end as person,
    are_internal and (accounts = 0 or is_of_one_account) as is_internal
from counted;

-- step: tasks
create temp table tasks as
select
    tasks.key,
    -- Simplified: every logged call has its duration, and what is a call says so
    tasks.subtype = 'Call' as is_call,
    tasks.logged_at,
    cast(tasks.logged_at as date) as logged_on,
    coalesce(reps.rep, 0) as rep,
    people.person,
    coalesce(people.is_internal, false) as is_internal,
    coalesce(tasks.duration, 0) as talk_seconds,
    dispositions.disposition,
    dispositions.is_intended,
    tasks.leg_key
from newest('read_tasks') as tasks
left join reps on tasks.owner_key = reps.user_key
left join people on tasks.who_key = people.who_key
left join dispositions on tasks.disposition = dispositions.value and dispositions.source_id = '*'
where
    tasks.is_done
    and tasks.subtype in ('Call', 'Email')
    and tasks.logged_at < getvariable('as_of') + 1;

drop table read_tasks;

-- step: twins
-- The task names the call's leg. Simplified: in its own field, whole, and no call twice
create temp table named_twins as
select
    calls.call_key,
    tasks.key as task_key
from tasks
inner join calls on tasks.leg_key = calls.call_key
where tasks.is_call
union all
select
    calls.call_key,
    tasks.key as task_key
from tasks
inner join further_legs on tasks.leg_key = further_legs.key
inner join calls on further_legs.call_key = calls.call_key
where tasks.is_call;

-- The same rep, the same number, within three minutes. Simplified: nobody works around midnight,
-- and every task names a person
create temp table near as
select
    calls.call_key,
    tasks.key as task_key,
    min(abs(epoch_us(tasks.logged_at) - epoch_us(calls.ended_at))) as distance
from tasks
inner join person_numbers on tasks.person = person_numbers.person
inner join calls
    on tasks.rep = calls.rep
    and person_numbers.number = calls.number
    and tasks.logged_on = calls.called_on
    and tasks.logged_at
    between calls.started_at - interval 180 second and calls.ended_at + interval 180 second
where
    tasks.is_call
    and tasks.rep > 0
    and tasks.key not in (select named_twins.task_key from named_twins)
    and calls.call_key not in (select named_twins.call_key from named_twins)
group by calls.call_key, task_key;

create temp table contested as
with

calls_twice as (

    select call_key from near
    group by call_key
    having count(*) > 1

),

tasks_twice as (

    select task_key from near
    group by task_key
    having count(*) > 1

)

select *
from near
where
    call_key in (select calls_twice.call_key from calls_twice)
    or task_key in (select tasks_twice.task_key from tasks_twice);

-- Each other's nearest are a pair and leave, in rounds; who has two nearest leaves alone.
create temp table settled as
with recursive

rounds as (

    select
        *,
        false as is_pair
    from contested
    union all
    select
        call_key,
        task_key,
        distance,
        is_pair
    from (
        select
            *,
            bool_or(is_pair or calls_nearest > 1) over (partition by call_key)
            or bool_or(is_pair or tasks_nearest > 1) over (partition by task_key) as is_done
        from (
            select
                *,
                distance = of_call
                and distance = of_task
                and calls_nearest = 1
                and tasks_nearest = 1 as is_pair
            from (
                select
                    *,
                    count(*) filter (where distance = of_call) over (partition by call_key) as calls_nearest,
                    count(*) filter (where distance = of_task) over (partition by task_key) as tasks_nearest
                from (
                    select
                        call_key,
                        task_key,
                        distance,
                        min(distance) over (partition by call_key) as of_call,
                        min(distance) over (partition by task_key) as of_task
                    from rounds
                    where not is_pair
                )
            )
        )
    )
    where is_pair or not is_done

)

select
    call_key,
    task_key
from rounds
where is_pair;

create temp table twins as
with

pairs as (

    select * from named_twins
    union all
    select * from settled
    union all
    select
        near.call_key,
        near.task_key
    from near
    anti join contested on near.call_key = contested.call_key and near.task_key = contested.task_key

)

select
    pairs.call_key,
    tasks.person,
    tasks.is_internal,
    tasks.disposition,
    tasks.is_intended
from pairs
inner join tasks on pairs.task_key = tasks.key;

-- step: daily calls
create temp table daily_calls as
with

-- the task's person goes before the number's; its result fills in
linked as (

    select
        calls.called_on,
        calls.started_at,
        calls.rep,
        calls.direction = 'outbound' as is_dial,
        calls.is_answered,
        calls.has_agent,
        calls.talk_seconds,
        coalesce(twins.person, number_matches.person) as person,
        case
            when twins.person is not null then twins.is_internal
            else coalesce(number_matches.is_internal, false)
        end as is_internal,
        coalesce(calls.disposition, twins.disposition) as disposition,
        case when calls.disposition is null then twins.is_intended else calls.is_intended end as is_intended,
        'cti' as origin
    from calls
    left join twins on calls.call_key = twins.call_key
    left join number_matches on calls.number = number_matches.number
    where calls.direction in ('outbound', 'inbound')
    union all
    -- people without a telephone system. Simplified: no call is theirs that a task could be the
    -- twin of, and all of their calls go out
    select
        tasks.logged_on as called_on,
        tasks.logged_at as started_at,
        tasks.rep,
        true as is_dial,
        coalesce(tasks.disposition not in ('no_answer', 'busy'), true) as is_answered,
        true as has_agent,
        tasks.talk_seconds,
        tasks.person,
        tasks.is_internal,
        tasks.disposition,
        tasks.is_intended,
        'crm' as origin
    from tasks
    inner join spans
        on tasks.rep = spans.rep
        and tasks.logged_on between spans.valid_from and spans.span_to
        and not spans.has_cti
    where tasks.is_call

),

spoken as (

    select
        *,
        is_answered and has_agent and coalesce(disposition <> 'left_voicemail', true)
            as is_conversation,
        disposition is null and origin = 'cti' and talk_seconds >= 60 as is_long_enough
    from linked
    where not is_internal

),

-- the result written down decides, else a minute of talk; that needs a person. Simplified: the
-- history CSV brings no speech analysis, and nobody leaves a line open for half a day
judged as (

    select
        *,
        is_conversation and (talk_seconds >= 5 or coalesce(is_intended, false)) as is_human,
        is_conversation
        and (coalesce(is_intended, false) or is_long_enough and person is not null) as is_connect,
        is_conversation and is_long_enough and person is null as is_unidentified
    from spoken

)

select
    judged.rep,
    judged.called_on as date,
    coalesce(person_channels.channel, -2) as channel,
    coalesce(touches.campaign, 0) as campaign,
    count(*) filter (where judged.is_dial) as dials,
    count(*) filter (where judged.is_dial and judged.is_answered) as answered_calls,
    count(*) filter (where judged.is_dial and judged.is_human) as human_reached,
    count(*) filter (where judged.is_dial and judged.is_connect) as connects,
    count(*) filter (where not judged.is_dial and judged.is_connect) as inbound_connects,
    count(*) filter (where judged.is_dial and judged.disposition = 'wrong_number') as wrong_numbers,
    count(*) filter (where judged.is_dial and judged.disposition = 'do_not_call') as do_not_call,
    count(*) filter (where judged.is_dial and judged.is_unidentified) as unidentified_party,
    sum(judged.talk_seconds) filter (where judged.is_dial and judged.is_human) as talk_seconds,
    sum(judged.talk_seconds) filter (where judged.is_dial and judged.is_connect) as connect_talk_seconds
from judged
left join person_channels on judged.person = person_channels.person
left join touches
    on judged.person = touches.person
    and judged.started_at >= touches.touched_from
    and judged.started_at < touches.touched_until
group by all
-- calls that came in and reached nobody are no activity
having dials + inbound_connects > 0;

create temp table daily_emails as
select
    tasks.rep,
    tasks.logged_on as date,
    coalesce(person_channels.channel, -2) as channel,
    coalesce(touches.campaign, 0) as campaign,
    count(*) as emails_sent
from tasks
left join person_channels on tasks.person = person_channels.person
left join touches
    on tasks.person = touches.person
    and tasks.logged_at >= touches.touched_from
    and tasks.logged_at < touches.touched_until
where not tasks.is_call and not tasks.is_internal
group by all;

-- step: meetings
create temp table opportunities as
with

-- Simplified: the history tells every change of an opportunity, so its versions say nothing new
entries as (

    select
        history.*,
        cast(history.recorded_at as date) as recorded_on,
        {'at': history.recorded_at, 'id': history.id} as place,
        coalesce(stages.is_closed, false) as is_closed,
        coalesce(stages.is_won, false) as is_won,
        coalesce(
            stages.is_won
            or history.stage = getvariable('gate')
            or not stages.is_closed and stages.sort_order >= gates.sort_order,
            false
        ) as is_accepted
    from newest('read_history') as history
    left join stages on history.stage = stages.stage
    left join stages as gates on gates.stage = getvariable('gate')
    where history.recorded_at < getvariable('as_of') + 1

),

-- a closed deal stays closed
states as (

    select
        opportunity_key,
        arg_min({'amount': amount}, place).amount as first_amount,
        arg_max(
            {
                'amount': amount, 'close_on': coalesce(close_on, recorded_on), 'recorded_on': recorded_on,
                'is_won': is_won, 'is_lost': is_closed and not is_won
            },
            place
        ) as last_state,
        min(recorded_on) filter (where is_accepted) as accepted_on
    from entries
    group by opportunity_key

)

select
    opportunities.key as opportunity_key,
    opportunities.opportunity_id,
    coalesce(accounts.account, opportunities.account_key) as account,
    opportunities.created_at,
    cast(opportunities.created_at as date) as created_on,
    states.accepted_on,
    case when states.last_state.is_lost and states.accepted_on is null then states.last_state.recorded_on end
        as rejected_on,
    states.last_state.is_won and states.last_state.close_on <= getvariable('as_of') as is_won,
    states.last_state.close_on as close_on,
    case
        when states.last_state.is_won and states.last_state.close_on <= getvariable('as_of')
            then states.last_state.close_on
        when states.last_state.is_lost then least(states.last_state.close_on, states.last_state.recorded_on)
    end as open_until,
    states.first_amount * case when opportunities.currency = 'JPY' then 1 else rates.rate end as first_yen,
    states.last_state.amount * case when opportunities.currency = 'JPY' then 1 else rates.rate end as last_yen
from newest('read_opportunities') as opportunities
inner join states on opportunities.key = states.opportunity_key
left join accounts on opportunities.account_key = accounts.key
asof left join rates
    on opportunities.currency = rates.currency and cast(opportunities.created_at as date) >= rates.valid_from
where not opportunities.is_deleted and opportunities.created_at < getvariable('as_of') + 1;

create temp table opportunity_leads as
select distinct
    leads.opportunity_key,
    people.person
from leads
inner join people on leads.key = people.who_key
where leads.opportunity_key is not null;

-- Calendar events with people from outside, in the order they were booked.
create temp table events as
with

current_events as (

    select
        events.*,
        people.person,
        reps.rep,
        cast(events.booked_at as date) as booked_on,
        cast(events.starts_at as date) as meeting_on,
        cast(events.changed_at as date) as changed_on,
        events.is_deleted and events.changed_at < events.starts_at as is_deleted_before
    from newest('read_events') as events
    inner join people on events.who_key = people.who_key and not people.is_internal
    left join reps on events.creator_key = reps.user_key
    where not events.is_child and events.booked_at < getvariable('as_of') + 1

),

judged as (

    select
        *,
        case
            when is_deleted_before then 'canceled'
            when outcome = '実施' and meeting_on <= getvariable('as_of') then 'held'
            when outcome = '不参加' and meeting_on <= getvariable('as_of') then 'no_show'
            when outcome = 'キャンセル' then 'canceled'
            when outcome = '日程変更' then 'rescheduled'
        end as fate
    from current_events

)

select
    judged.event_id,
    judged.person,
    coalesce(person_accounts.account, accounts.account, judged.account_key) as account,
    judged.related_key,
    coalesce(judged.rep, 0) as rep,
    coalesce(spans.span, 0) as span,
    coalesce(spans.motion in ('sdr', 'bdr'), false) as is_ours,
    judged.booked_at,
    judged.booked_on,
    judged.meeting_on,
    judged.fate,
    case when judged.fate = 'held' then judged.meeting_on end as held_on,
    case
        when judged.fate = 'no_show' then judged.meeting_on
        when judged.is_deleted_before then judged.changed_on
        when judged.fate in ('canceled', 'rescheduled') then least(judged.changed_on, judged.meeting_on)
    end as broken_on,
    row_number() over (partition by judged.person order by judged.booked_at, judged.event_id) as place
from judged
left join person_accounts on judged.person = person_accounts.person
left join accounts on judged.account_key = accounts.key
left join spans
    on judged.rep = spans.rep and judged.booked_on between spans.valid_from and spans.span_to;

-- Opportunities made while none of their account was open, with whom they are known to have come
-- of.
create temp table account_opportunities as
with

crowded as (

    select distinct opportunities.opportunity_key
    from opportunities
    inner join opportunities as others
        on opportunities.account = others.account
        and opportunities.created_at > others.created_at
        and coalesce(opportunities.created_on < others.open_until, true)

),

ties as (

    select * from opportunity_leads
    union
    select
        opportunities.opportunity_key,
        events.person
    from events
    inner join opportunities
        on events.related_key = opportunities.opportunity_key and events.booked_on <= opportunities.created_on

),

tied as (

    select
        opportunity_key,
        list(person) as persons
    from ties
    group by opportunity_key

)

select
    opportunities.opportunity_key,
    opportunities.account,
    opportunities.created_on,
    coalesce(opportunities.open_until, date '9999-12-31') as ends_on,
    tied.persons
from opportunities
anti join crowded on opportunities.opportunity_key = crowded.opportunity_key
left join tied on opportunities.opportunity_key = tied.opportunity_key
where opportunities.account is not null;

-- A person's events in order: the first of an episode, the same meeting again, or a follow-up.
create temp table episodes as
with recursive

account_spans as (

    select
        account,
        list({'created_on': created_on, 'ends_on': ends_on, 'persons': persons}) as spans
    from account_opportunities
    group by account

),

-- how long the deals of the event or of the converted lead keep an episode open
converted as (

    select
        events.event_id,
        max(coalesce(opportunities.open_until, date '9999-12-31')) as ends_on
    from events
    inner join opportunity_leads on events.person = opportunity_leads.person
    inner join opportunities
        on opportunity_leads.opportunity_key = opportunities.opportunity_key
        and events.booked_on <= opportunities.created_on
    group by events.event_id

),

numbered as (

    select
        events.*,
        linked.created_on as linked_from,
        case
            when linked.opportunity_key is not null then coalesce(linked.open_until, date '9999-12-31')
        end as linked_to,
        converted.ends_on as converted_to
    from events
    left join opportunities as linked on events.related_key = linked.opportunity_key
    left join converted on events.event_id = converted.event_id

),

walked as (

    select
        event_id,
        person,
        place,
        'first' as role,
        event_id as meeting_id,
        booked_on as begun_on,
        account,
        is_ours,
        broken_on,
        held_on,
        meeting_on as last_on,
        greatest(converted_to, case when linked_from >= booked_on then linked_to end) as open_to
    from numbered
    where place = 1
    union all
    select
        event_id,
        person,
        place,
        role,
        case when role = 'first' then event_id else meeting_id end as meeting_id,
        case when role = 'first' then booked_on else begun_on end as begun_on,
        case when role = 'first' then account else meeting_account end as account,
        case when role = 'first' then is_ours else is_meeting_ours end as is_ours,
        case when role = 'follow_up' then meeting_broken_on else broken_on end as broken_on,
        case when role = 'follow_up' then meeting_held_on else held_on end as held_on,
        case when role = 'follow_up' then last_on else meeting_on end as last_on,
        case role
            when 'first' then greatest(converted_to, case when linked_from >= booked_on then linked_to end)
            when 'rescheduled' then greatest(open_to, case when linked_from >= begun_on then linked_to end)
            else open_to
        end as open_to
    from (
        select
            numbered.*,
            walked.meeting_id,
            walked.begun_on,
            walked.account as meeting_account,
            walked.is_ours as is_meeting_ours,
            walked.broken_on as meeting_broken_on,
            walked.held_on as meeting_held_on,
            walked.last_on,
            walked.open_to,
            case
                when walked.broken_on is not null
                    then case
                        when numbered.booked_on <= walked.broken_on + 30 then 'rescheduled'
                        else 'first'
                    end
                when numbered.booked_on <= coalesce(
                    greatest(
                        walked.open_to,
                        list_max(
                            [
                                deal.ends_on
                                for deal in account_spans.spans
                                if deal.created_on between walked.held_on and walked.held_on + 90
                                and deal.created_on <= numbered.booked_on
                                and coalesce(list_contains(deal.persons, walked.person), true)
                            ]
                        )
                    ),
                    walked.last_on + 30
                )
                    then 'follow_up'
                else 'first'
            end as role
        from walked
        inner join numbered on walked.person = numbered.person and walked.place + 1 = numbered.place
        left join account_spans on walked.account = account_spans.account
    )

)

select
    event_id,
    meeting_id
from walked
where is_ours and role <> 'follow_up';

create temp table meeting_events as
select
    events.*,
    episodes.meeting_id,
    events.event_id = episodes.meeting_id as is_booking
from events
inner join episodes on events.event_id = episodes.event_id;

create temp table meetings as
select
    meeting_id,
    any_value(person) filter (where is_booking) as person,
    any_value(account) filter (where is_booking) as account,
    any_value(rep) filter (where is_booking) as rep,
    any_value(span) filter (where is_booking) as span,
    any_value(booked_at) filter (where is_booking) as booked_at,
    any_value(booked_on) filter (where is_booking) as booked_on,
    min(held_on) as held_on,
    arg_max(meeting_on, place) as last_on
from meeting_events
group by meeting_id;

-- One credit: the link, then the converted lead, then the account's latest meeting held.
create temp table credits as
with

candidates as (

    select distinct
        related_key as opportunity_key,
        meeting_id,
        1 as basis
    from meeting_events
    where related_key is not null
    union all
    select
        opportunity_leads.opportunity_key,
        meetings.meeting_id,
        2 as basis
    from opportunity_leads
    inner join meetings on opportunity_leads.person = meetings.person
    union all
    select
        account_opportunities.opportunity_key,
        meetings.meeting_id,
        3 as basis
    from account_opportunities
    inner join meetings
        on account_opportunities.account = meetings.account
        and account_opportunities.created_on between meetings.held_on and meetings.held_on + 90

)

select
    candidates.meeting_id,
    opportunities.*
from candidates
inner join opportunities on candidates.opportunity_key = opportunities.opportunity_key
inner join meetings
    on candidates.meeting_id = meetings.meeting_id and opportunities.created_on >= meetings.booked_on
qualify
    row_number() over (
        partition by candidates.opportunity_key
        order by
            candidates.basis asc,
            case when candidates.basis = 3 then meetings.held_on end desc,
            meetings.booked_at desc,
            meetings.meeting_id desc
    ) = 1;

-- Everything that happens to meetings, each on its day, to the team that booked.
create temp table daily_meetings as
with

decided as (

    select
        meetings.meeting_id,
        case
            when min(credits.accepted_on) is not null then 'accepted'
            when min(credits.rejected_on) is not null then 'rejected'
            when getvariable('as_of') <= any_value(meetings.last_on) + 30 then 'pending'
            else 'expired'
        end as decision
    from meetings
    left join credits on meetings.meeting_id = credits.meeting_id
    group by meetings.meeting_id

),

happened as (

    select
        meeting_id,
        booked_on as date,
        booked_at as at,
        'booked' as what,
        cast(null as double) as yen
    from meeting_events
    where is_booking
    union all
    select
        meeting_id,
        meeting_on as date,
        booked_at as at,
        fate as what,
        null as yen
    from meeting_events
    where fate in ('held', 'no_show')
    union all
    select
        meetings.meeting_id,
        meetings.booked_on as date,
        meetings.booked_at as at,
        decided.decision as what,
        null as yen
    from meetings
    inner join decided on meetings.meeting_id = decided.meeting_id
    union all
    select
        meeting_id,
        created_on as date,
        created_at as at,
        'created' as what,
        first_yen as yen
    from credits
    union all
    select
        meeting_id,
        close_on as date,
        created_at as at,
        'won' as what,
        last_yen as yen
    from credits
    where is_won

)

select
    meetings.rep,
    happened.date,
    person_channels.channel,
    coalesce(touches.campaign, 0) as campaign,
    meetings.span,
    count(*) filter (where happened.what = 'booked') as meetings_booked,
    count(*) filter (where happened.what = 'held') as meetings_held,
    count(*) filter (where happened.what = 'no_show') as no_shows,
    count(*) filter (where happened.what = 'accepted') as accepted,
    count(*) filter (where happened.what = 'rejected') as rejected,
    count(*) filter (where happened.what = 'pending') as pending,
    count(*) filter (where happened.what = 'expired') as expired,
    count(*) filter (where happened.what = 'created') as opportunities_created,
    count(*) filter (where happened.what = 'won') as wins,
    sum(happened.yen) filter (where happened.what = 'created') as pipeline_created_yen,
    sum(happened.yen) filter (where happened.what = 'won') as won_amount_yen
from happened
inner join meetings on happened.meeting_id = meetings.meeting_id
inner join person_channels on meetings.person = person_channels.person
left join touches
    on meetings.person = touches.person
    and happened.at >= touches.touched_from
    and happened.at < touches.touched_until
where happened.date <= getvariable('as_of')
group by all;

-- step: kpi_rep_daily
create temp table rep_days as
with

days as (

    select cast(day as date) as date
    from generate_series(getvariable('first_day'), getvariable('as_of'), interval 1 day) as days (day)

),

free_days as (

    select unnest(getvariable('holidays')) as date
    union
    select holiday_date as date
    from read_csv(
        getvariable('planning') || 'company_holidays.csv', auto_detect = false, header = true,
        columns = {
            'holiday_date': 'date', 'name': 'varchar'
        }
    )

),

business_days as (

    select date
    from days
    anti join free_days using (date)
    where isodow(date) <= 5

),

absences as (

    select
        absences.rep_id,
        business_days.date,
        least(sum(case when absences.kind = 'half' then 0.5 else 1 end), 1) as absent
    from read_csv(
        getvariable('planning') || 'absences.csv', auto_detect = false, header = true,
        columns = {
            'rep_id': 'varchar', 'from_date': 'date', 'to_date': 'date', 'kind': 'varchar'
        }
    ) as absences
    inner join business_days
        on business_days.date
        between absences.from_date and coalesce(absences.to_date, absences.from_date)
    group by absences.rep_id, business_days.date

)

select
    spans.rep,
    business_days.date,
    spans.span,
    1 - coalesce(absences.absent, 0) as working_day
from spans
inner join reps on spans.rep = reps.rep
inner join business_days on business_days.date between spans.valid_from and spans.valid_to
left join absences on reps.rep_id = absences.rep_id and business_days.date = absences.date;

create or replace table kpi_rep_daily as
with

-- each table has a key once: joined, not added up again
activity as (

    select *
    from daily_calls
    full join daily_emails using (rep, date, channel, campaign)

),

-- teams are looked up per rep and day, after the calls are added up
placed as (

    select
        activity.*,
        coalesce(spans.span, 0) as span
    from activity
    left join spans
        on activity.rep = spans.rep and activity.date between spans.valid_from and spans.span_to

),

active as (

    select
        *,
        true as has_activity
    from placed
    full join daily_meetings using (rep, date, channel, campaign, span)

),

-- a working day without anything is one row
idle as (

    select
        rep_days.rep,
        rep_days.date,
        -3 as channel,
        -3 as campaign,
        rep_days.span,
        false as has_activity
    from rep_days
    anti join active on rep_days.rep = active.rep and rep_days.date = active.date
    where rep_days.working_day > 0

),

filled as (

    select
        rep,
        date,
        channel,
        campaign,
        span,
        has_activity,
        coalesce(columns(* exclude (rep, date, channel, campaign, span, has_activity)), 0)
    from (
        select * from active
        union all by name
        select * from idle
    )

)

select
    coalesce(reps.rep_id, '(unassigned)') as rep_id,
    filled.date,
    channels.channel,
    campaigns.campaign,
    coalesce(spans.team, '(unassigned)') as team,
    coalesce(spans.business_unit, '(unassigned)') as business_unit,
    coalesce(spans.motion, '(unassigned)') as motion,
    filled.* exclude (rep, date, channel, campaign, span),
    filled.dials + filled.emails_sent as approaches,
    -- Simplified: this company counts a meeting when it is booked, and the history CSV brings no
    -- speech analysis
    filled.meetings_booked as meetings_acquired,
    filled.meetings_booked as meetings_acquired_of_cohort,
    0 as turns,
    0 as analysed_calls,
    0 as analysed_connects,
    coalesce(rep_days.working_day, 0) as working_day
from filled
inner join channels on filled.channel = channels.channel_number
inner join campaigns on filled.campaign = campaigns.campaign_number
left join spans on filled.span = spans.span
left join reps on filled.rep = reps.rep
left join rep_days on filled.rep = rep_days.rep and filled.date = rep_days.date;

checkpoint;
