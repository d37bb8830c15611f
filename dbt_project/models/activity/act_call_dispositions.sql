-- one row per source and set of call results as written, with what it means
with

written as (

    select distinct
        source_id,
        disposition_values,
    from {{ ref('act_call_leg_deliveries') }}
    where len(disposition_values) > 0
    union
    select
        source_id,
        [call_disposition_raw] as disposition_values,
    from {{ ref('act_tasks_versions') }}
    where call_disposition_raw is not null

),

rules as (

    select
        coalesce(for_source_id, '*') as source_id,
        {{ match_key('value') }} as value,
        disposition,
        rank,
    from {{ ref('stg_planning__dispositions') }}
    where reject_reason is null

),

words as (

    select distinct
        source_id,
        disposition_values,
        unnest(disposition_values) as word,
    from written

),

-- a rule for one source goes before the rule for all
mapped_words as (

    select
        words.source_id,
        words.disposition_values,
        words.word,
        rules.disposition,
        rules.rank,
    from words
    inner join rules
        on
            {{ match_key('words.word') }} = rules.value
            and rules.source_id in (words.source_id, '*')
    qualify
        row_number() over (
            partition by words.source_id, words.disposition_values, words.word
            order by
                (rules.source_id = '*') asc,
                rules.rank asc nulls last,
                rules.disposition asc
        ) = 1

),

best as (

    select
        source_id,
        disposition_values,
        arg_min(
            disposition, {'rank': coalesce(rank, 1000000), 'disposition': disposition}
        ) as disposition,
        min(coalesce(rank, 1000000)) as disposition_rank,
    from mapped_words
    where disposition not in ('other', 'unknown')
    group by source_id, disposition_values

)

select * from best
