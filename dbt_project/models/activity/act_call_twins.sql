-- one row per call of a telephone system that a CRM activity also tells of
{%- set uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}' %}
with

settings as (

    select match_window_seconds from {{ ref('stg_kura__settings') }}

),

-- too many to be kept: read each time with the columns and rows that are asked for
calls as not materialized (

    select * from {{ ref('act_call_groups') }}

),

legs as not materialized (

    select
        cti_account,
        call_group_id,
        lower(leg_id) as word,
        crm_activity_id,
    from {{ ref('act_call_legs') }}

),

activities as (

    select *
    from {{ ref('act_crm_activities') }}
    where kind = 'call'

),

person_numbers as (

    select * from {{ ref('act_person_numbers') }}

),

numbers as (

    select * from {{ ref('act_numbers') }}

),

-- every word of a reference or description that could be the id of a leg
texts as (

    select
        activity_id,
        lower(cti_call_ref) as said,
        true as is_reference,
    from activities
    where cti_call_ref is not null
    union all
    select
        activity_id,
        lower(description) as said,
        false as is_reference,
    from activities
    where description is not null

),

whole_words as (

    select
        activity_id,
        is_reference,
        said,
        unnest(regexp_extract_all(said, '[a-z0-9][a-z0-9_-]{5,}')) as word,
    from texts

),

-- a telephone system may put something before its id (call_<uuid>, …?id=call_<uuid>)
possible_words as (

    select
        activity_id,
        is_reference,
        said as word,
    from texts
    where is_reference
    union
    select
        activity_id,
        is_reference,
        word,
    from whole_words
    union
    select
        activity_id,
        is_reference,
        unnest(
            list_filter(string_split(word, '_'), lambda part: len(part) >= 6)
        ) as word,
    from whole_words
    where contains(word, '_')
    union
    select
        activity_id,
        is_reference,
        unnest(regexp_extract_all(word, '{{ uuid }}')) as word,
    from whole_words
    where len(word) > 36

),

words as (

    select
        activity_id,
        word,
        -- an id as long as a uuid names its call; a shorter word may be an amount
        bool_or(is_reference or len(word) >= 32) as is_named,
    from possible_words
    group by activity_id, word

),

-- kept, so that the few legs are found before their calls are
named_legs as materialized (

    select
        words.activity_id,
        words.is_named,
        legs.cti_account,
        legs.call_group_id,
    from words
    inner join legs
        on words.word = legs.word

),

references_to_calls as (

    select
        activities.activity_id,
        activities.logged_at,
        activities.rep_id,
        activities.person_id,
        calls.call_id,
        calls.rep_id as calling_rep_id,
        calls.customer_e164,
        named_legs.is_named,
        activities.logged_at
        between calls.started_at - to_seconds(settings.match_window_seconds)
        and calls.ended_at + to_seconds(settings.match_window_seconds)
            as is_in_window,
    from named_legs
    inner join activities
        on named_legs.activity_id = activities.activity_id
    inner join calls
        on
            named_legs.cti_account = calls.cti_account
            and named_legs.call_group_id = calls.call_group_id
    cross join settings

),

-- a mere word needs the time, and the rep or the number, to speak for it
believed_references as (

    select distinct
        references_to_calls.activity_id,
        references_to_calls.logged_at,
        references_to_calls.call_id,
    from references_to_calls
    left join person_numbers
        on
            references_to_calls.person_id = person_numbers.person_id
            and references_to_calls.customer_e164 = person_numbers.e164
    where
        references_to_calls.is_named
        or (
            references_to_calls.is_in_window
            and (
                person_numbers.e164 is not null
                or (
                    references_to_calls.rep_id <> '(unassigned)'
                    and references_to_calls.rep_id
                    = references_to_calls.calling_rep_id
                )
            )
        )

),

-- the telephone system wrote the activity and names it
named_by_calls as (

    select
        activities.activity_id,
        activities.logged_at,
        calls.call_id,
    from legs
    inner join activities
        on legs.crm_activity_id = activities.source_activity_id
    inner join calls
        on
            legs.cti_account = calls.cti_account
            and legs.call_group_id = calls.call_group_id
    where legs.crm_activity_id is not null
    -- two CRMs may number their activities alike
    qualify
        min(activities.activity_id) over (partition by legs.crm_activity_id)
        = max(activities.activity_id) over (partition by legs.crm_activity_id)

),

-- what the activity says goes before what the call says (formats 6.9)
named as (

    select
        *,
        1 as naming_rank,
        'reference' as twin_basis,
    from believed_references
    union
    select
        named_by_calls.*,
        2 as naming_rank,
        'crm_activity_id' as twin_basis,
    from named_by_calls
    anti join believed_references
        on named_by_calls.activity_id = believed_references.activity_id

),

-- an activity that names several calls names none
referenced as (

    select
        activity_id,
        min(logged_at) as logged_at,
        min(call_id) as call_id,
        min(naming_rank) as naming_rank,
        min(twin_basis) as twin_basis,
    from named
    group by activity_id
    having count(distinct call_id) = 1

),

-- several activities may name one call: the first one written tells of it
twins_by_reference as (

    select
        call_id,
        arg_min(
            {'activity_id': activity_id, 'twin_basis': twin_basis},
            {
                'naming_rank': naming_rank,
                'logged_at': logged_at,
                'activity_id': activity_id
            }
        ) as twin,
    from referenced
    group by call_id

),

-- the number the CRM itself noted says best who was called
noted_numbers as (

    select
        activities.activity_id,
        activities.rep_id,
        activities.logged_at,
        numbers.e164,
    from activities
    inner join numbers
        on
            activities.source_id = numbers.source_id
            and activities.customer_number_raw = numbers.number_raw
    where
        numbers.e164 is not null
        and activities.rep_id <> '(unassigned)'

),

unnumbered as (

    select activities.*
    from activities
    anti join noted_numbers
        on activities.activity_id = noted_numbers.activity_id

),

-- else the numbers of an activity are its person's, or where it names nobody its account's
activity_numbers as (

    select
        *,
        false as is_by_account,
    from noted_numbers
    union
    select
        activities.activity_id,
        activities.rep_id,
        activities.logged_at,
        person_numbers.e164,
        false as is_by_account,
    from unnumbered as activities
    inner join person_numbers
        on activities.person_id = person_numbers.person_id
    where activities.rep_id <> '(unassigned)'
    union
    select
        activities.activity_id,
        activities.rep_id,
        activities.logged_at,
        person_numbers.e164,
        true as is_by_account,
    from unnumbered as activities
    inner join person_numbers
        on activities.account_id = person_numbers.account_id
    where
        activities.person_id is null
        and activities.rep_id <> '(unassigned)'

),

-- the same rep, the same number, at nearly the same time
candidates as (

    select
        calls.call_id,
        activity_numbers.activity_id,
        activity_numbers.is_by_account,
        -- who names the person is nearer than who names the account only
        {
            'is_by_account': activity_numbers.is_by_account,
            'microseconds': abs(
                epoch_us(activity_numbers.logged_at) - epoch_us(calls.ended_at)
            )
        } as distance,
    from activity_numbers
    anti join referenced
        on activity_numbers.activity_id = referenced.activity_id
    inner join calls
        on
            activity_numbers.rep_id = calls.rep_id
            and activity_numbers.e164 = calls.customer_e164
    anti join twins_by_reference
        on calls.call_id = twins_by_reference.call_id
    cross join settings
    where
        not calls.is_internal
        and activity_numbers.logged_at
        between calls.started_at - to_seconds(settings.match_window_seconds)
        and calls.ended_at + to_seconds(settings.match_window_seconds)

),

twins_by_time as (

    {{ mutual_nearest('candidates', 'call_id', 'activity_id', 'distance')
        | indent(4) }}

),

twins as (

    select
        call_id,
        twin.activity_id,
        twin.twin_basis,
    from twins_by_reference
    union all
    select
        candidates.call_id,
        candidates.activity_id,
        case
            when candidates.is_by_account then 'account_and_time' else 'number_and_time'
        end as twin_basis,
    from twins_by_time
    inner join candidates
        on
            twins_by_time.call_id = candidates.call_id
            and twins_by_time.activity_id = candidates.activity_id

)

select * from twins
