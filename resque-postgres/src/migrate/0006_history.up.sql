-- What the store looked like: one sample of each minute of the last seven days.

create table resque.history (
    -- The beginning of the minute.
    minute timestamptz primary key,
    sample bytea not null
);
