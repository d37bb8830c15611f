-- one row per approach: a dial or an e-mail sent by a rep
with

calls as (

    select * from {{ ref('fct_calls') }}
    where is_dial

),

emails as (

    select * from {{ ref('fct_emails') }}

),

approaches as (

    select
        'call:' || call_id as approach_id,
        'dial' as approach_kind,
        called_on as approached_on,
        rep_id,
        team,
        business_unit,
        motion,
        person_id,
        account_id,
        channel,
        campaign,
        is_target_account,
        source_file_id,
        source_file,
        source_record
    from calls

    union all

    select
        'email:' || email_id as approach_id,
        'email' as approach_kind,
        sent_on as approached_on,
        rep_id,
        team,
        business_unit,
        motion,
        person_id,
        account_id,
        channel,
        campaign,
        is_target_account,
        source_file_id,
        source_file,
        source_record
    from emails

)

select * from approaches
