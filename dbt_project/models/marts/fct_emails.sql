-- one row per e-mail a rep sent to a prospect
with

emails as (

    select * from {{ ref('act_emails') }}

),

files as (

    select * from {{ ref('act_files') }}

),

facts as (

    select
        emails.email_id,
        emails.sent_on,
        emails.sent_at,
        emails.source_id,
        emails.rep_id,
        emails.team,
        emails.business_unit,
        emails.motion,
        emails.manager_rep_id,
        emails.person_id,
        emails.account_id,
        emails.channel_group,
        emails.channel,
        emails.campaign,
        emails.is_target_account,
        emails.file_id as source_file_id,
        files.path as source_file,
        emails.record as source_record,
    from emails
    left join files
        on emails.file_id = files.file_id

)

select * from facts
