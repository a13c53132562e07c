-- Waiting jobs, what workers hold, failed and delayed jobs, and the steps that move jobs between them.
--
-- At every instant a job is one row of `jobs` or `delayed`, or the note in one row of `workers`, or a
-- row of `failures`, or done and gone.

-- Places at the end of queues; one sequence for all queues.
create sequence resque.back as bigint;
-- Places at the front of queues: each lies before all others.
create sequence resque.front as bigint increment -1 maxvalue -1 start -1;
-- Tells reservations and heartbeats from all others; no number is given twice.
create sequence resque.numbers as bigint cache 32;

-- Queues that exist, or once existed: the number of a deleted queue is kept, so that a push that was
-- under way at the same time cannot lose its job.
create table resque.queues (
    id integer generated always as identity primary key,
    name text collate "C" not null unique
        check (octet_length(name) between 1 and 255 and name !~ '[,\u0001-\u001f\u007f-\u009f]'),
    -- Whether it exists although no job waits in it.
    listed boolean not null default true,
    -- Whether it takes jobs and gives none.
    stopped boolean not null default false,
    -- The transaction that made it, so that whoever remembers names sees cheaply that one is new.
    born xid8 not null default pg_current_xact_id()
);
create index queues_born on resque.queues (born);

-- Waiting jobs: a row is written once and deleted once. Vacuum comes early and does not dawdle, because
-- dead rows at the front of a queue are in the way of the next reservation.
create table resque.jobs (
    queue integer not null,
    pos bigint not null default nextval('resque.back'),
    payload bytea not null,
    since timestamptz not null default now(),
    primary key (queue, pos)
) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000
);
alter table resque.jobs alter payload set storage external;

-- One row a worker: whether it is registered and lives, what it holds, and what it has done. Nothing that
-- changes with a job is indexed and pages are kept nearly empty, so that an update needs no index entry and
-- old versions go without vacuum, and so that few need one even while an old snapshot keeps them all.
create table resque.workers (
    id text collate "C" primary key,
    -- When it was registered; null if it is not.
    started timestamptz,
    heartbeat timestamptz,
    -- Tells this heartbeat from others of the same time.
    mark bigint,
    -- The note: the number of the reservation, the queue, the job, and since when it is held and waited.
    number bigint,
    queue text collate "C",
    payload bytea,
    since timestamptz,
    waited_since timestamptz,
    -- The worker's own counters, which people may set and remove.
    processed bigint,
    failed bigint,
    -- Its share of the totals; it goes into `counters` when the worker leaves.
    total_processed bigint not null default 0,
    total_failed bigint not null default 0
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table resque.workers alter payload set storage external;

-- Counters by name, but for each worker's own.
create table resque.counters (
    name text collate "C" primary key,
    value bigint not null
) with (fillfactor = 50);

create table resque.delayed (
    id bigint generated always as identity primary key,
    due timestamptz not null,
    queue text collate "C" not null
        check (octet_length(queue) between 1 and 255 and queue !~ '[,\u0001-\u001f\u007f-\u009f]'),
    payload bytea not null
) with (autovacuum_vacuum_scale_factor = 0.05);
alter table resque.delayed alter payload set storage external;
create index delayed_due on resque.delayed (due, id);

-- Failed jobs. Text cannot hold NUL: U+0001 stands for it with a 0 behind, and for itself with a 1 behind. All
-- other text is as it was, so that queues are found by their names.
create table resque.failures (
    id bigint generated always as identity primary key,
    failed_at timestamptz not null,
    retried_at timestamptz,
    queue text collate "C" not null,
    worker text not null,
    exception text not null,
    error text not null,
    backtrace text[] not null,
    payload bytea not null
) with (autovacuum_vacuum_scale_factor = 0.05);
create index failures_queue on resque.failures (queue, id);

-- How many failures each queue has, in shares that are added up now and then: no hot row, and counting
-- takes no longer with a million failures.
create table resque.failure_counts (
    queue text collate "C" not null,
    share bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table resque.settings (
    only_row boolean primary key default true check (only_row),
    paused boolean not null default false
);
insert into resque.settings default values;

-- Who has gone to sleep and for which queues; null is all. Nothing here has to outlive the server: a
-- client whose connection breaks looks again by itself.
create unlogged table resque.sleepers (
    -- Chosen at random by the sleeper.
    id bigint primary key,
    queues text[],
    -- The process of the server by which the sleeper listens: where it has gone, nobody hears.
    listener integer not null default pg_backend_pid()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Makes one share of all that a queue has, but for those that somebody is just adding up.
create function resque.add_up_failures() returns void language sql as $$
    with added as (
        delete from resque.failure_counts
        where ctid = any (array(select f.ctid from resque.failure_counts f for update skip locked))
        returning *
    )
    insert into resque.failure_counts (queue, share)
    select a.queue, sum(a.share) from added a group by a.queue having sum(a.share) <> 0
$$;
create function resque.count_failures() returns trigger language plpgsql as $$
begin
    insert into resque.failure_counts (queue, share)
    select c.queue, case tg_op when 'INSERT' then count(*) else -count(*) end
    from changed c group by c.queue;
    if random() < 0.02 then
        perform resque.add_up_failures();
    end if;
    return null;
end $$;
create trigger count_added after insert on resque.failures
    referencing new table as changed for each statement execute function resque.count_failures();
create trigger count_removed after delete on resque.failures
    referencing old table as changed for each statement execute function resque.count_failures();
create function resque.count_no_failures() returns trigger language plpgsql as $$
begin
    delete from resque.failure_counts;
    return null;
end $$;
create trigger count_none after truncate on resque.failures
    for each statement execute function resque.count_no_failures();

-- Wakes who sleeps for one of these queues; null is all queues. To be called behind what it announces.
--
-- A sleeper is told once: whoever tells it takes its row away, so that a busy store has nobody to tell.
-- Its row is looked for in a snapshot of its own, taken when this transaction has its number; the sleeper
-- in turn waits until all transactions have ended that have a number and may not have seen its row.
-- `p_looked` says that the caller has seen in the same way that somebody sleeps.
create function resque.wake(p_names text[], p_looked boolean default false) returns void
language plpgsql as $$
declare
    v_ids text;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- The snapshot is older than it may be: everybody looks.
        perform pg_notify('resque', '');
        return;
    end if;
    -- Most of the time nobody sleeps, and a look is cheaper than a statement that writes.
    if p_looked or exists (select from resque.sleepers) then
        with meant as materialized (
            select s.id from resque.sleepers s
            where p_names is null or s.queues is null or s.queues && p_names
        ), gone as (
            -- One that somebody else takes away is told as well: that may be rolled back.
            delete from resque.sleepers where id in (
                select s.id from resque.sleepers s where s.id in (select m.id from meant m)
                for update skip locked)
        )
        select string_agg(m.id::text, ',') into v_ids from meant m;
    end if;
    if v_ids is not null then
        perform pg_notify('resque', case when octet_length(v_ids) < 7900 then v_ids else '' end);
    end if;
end $$;

-- Forgets the notes of those who listen no more: each would cost every push a look, whatever its queue.
create function resque.forget_sleepers() returns void language sql as $$
    delete from resque.sleepers where id in (
        select s.id from resque.sleepers s
        where not exists (select from pg_stat_activity a where a.pid = s.listener)
        for update of s skip locked)
$$;

-- The numbers of queues, which are made to exist.
create function resque.queue_ids(p_names text[]) returns integer[] language plpgsql as $$
declare
    v_ids integer[];
begin
    -- Whatever is deleted meanwhile is made again.
    loop
        select array_agg(q.id order by n.ord) into v_ids
        from unnest(p_names) with ordinality n (name, ord)
        join resque.queues q on q.name = n.name and q.listed;
        exit when cardinality(v_ids) = cardinality(p_names);
        insert into resque.queues (name)
        select distinct n.name collate "C" from unnest(p_names) n (name)
        where not exists (select from resque.queues q where q.name = n.name and q.listed)
        order by 1
        on conflict (name) do update set listed = true;
    end loop;
    return v_ids;
end $$;

-- Puts jobs to the front of their queues, the last one first, so that the first one ends up in front.
-- Answers the names of the queues.
create function resque.put_in_front(p_names text[], p_payloads bytea[], p_since timestamptz[])
returns text[] language plpgsql as $$
declare
    v_names text[] := array(select distinct n.name collate "C" from unnest(p_names) n (name) order by 1);
    -- All at once: whoever makes several queues makes them in the order of their names.
    v_ids integer[] := resque.queue_ids(v_names);
begin
    insert into resque.jobs (queue, pos, payload, since)
    select v_ids[array_position(v_names, r.name)], nextval('resque.front'), r.payload, r.since
    from (
        select r.* from unnest(p_names, p_payloads, p_since) with ordinality r (name, payload, since, ord)
        order by r.ord desc
    ) r;
    return v_names;
end $$;

-- Puts jobs at the end of queues, and delayed ones among the delayed, all or nothing. `p_which` says for
-- each payload which of the names is meant. Answers how many jobs wait in each of the named queues
-- afterwards, counted to 10 and not far back: what lies further in front may be dead rows that an old
-- snapshot keeps, and they would be walked over with every push.
create function resque.push(
    p_names text[], p_which integer[], p_payloads bytea[],
    p_due_names text[], p_due timestamptz[], p_due_payloads bytea[]
) returns bigint[] language plpgsql as $$
declare
    v_ids integer[];
    v_lengths bigint[] := '{}';
    v_back bigint;
begin
    if cardinality(p_which) > 0 then
        v_ids := resque.queue_ids(p_names);
        insert into resque.jobs (queue, payload)
        select v_ids[j.which], j.payload from unnest(p_which, p_payloads) j (which, payload);
        v_back := currval('resque.back') - cardinality(p_which) - 1000;
        v_lengths := array(
            select (select count(*) from (
                select from resque.jobs j where j.queue = i.id and j.pos > v_back
                order by j.pos desc limit 10) l)
            from unnest(v_ids) with ordinality i (id, ord) order by i.ord);
    end if;
    if cardinality(p_due) > 0 then
        insert into resque.delayed (queue, due, payload)
        select d.queue, d.due, d.payload
        from unnest(p_due_names, p_due, p_due_payloads) d (queue, due, payload);
    end if;
    if cardinality(p_which) > 0 then
        perform resque.wake(p_names);
    end if;
    return v_lengths;
end $$;

-- Puts one job at the end of a queue: what `push` does, in fewer steps, for whoever waits for each job.
create function resque.push_one(p_name text, p_payload bytea) returns bigint language plpgsql as $$
declare
    v_queue integer;
    v_pos bigint;
    v_length bigint;
    v_somebody_sleeps boolean;
begin
    insert into resque.jobs (queue, payload)
    select q.id, p_payload from resque.queues q where q.name = p_name and q.listed
    returning queue, pos into v_queue, v_pos;
    if v_queue is null then
        return (resque.push(array[p_name], array[1], array[p_payload], '{}', '{}', '{}'))[1];
    end if;
    select count(*), exists (select from resque.sleepers) into v_length, v_somebody_sleeps
    from (
        select from resque.jobs j where j.queue = v_queue and j.pos > v_pos - 1000
        order by j.pos desc limit 10
    ) l;
    if v_somebody_sleeps or current_setting('transaction_isolation') <> 'read committed' then
        perform resque.wake(array[p_name], v_somebody_sleeps);
    end if;
    return v_length;
end $$;

-- How many bytes of payloads are taken at once: an array has at most a gigabyte, and all of it has to go
-- through the memory of the server and of the worker.
create function resque.most_bytes() returns bigint language sql immutable as $$ select 64000000::bigint $$;

-- What was taken out of queues: a place in each list for each job.
create type resque.taken as (
    queues integer[], names text[], places bigint[], payloads bytea[], since timestamptz[], numbers bigint[]
);

-- Takes the next jobs out of queues, strictly in the order of the list, at most `p_count` and no more bytes
-- than fit, but always one if there is any, and gives each a number of its own.
--
-- `p_from` says for each queue where its first job was when somebody last looked: dead rows before it, which
-- an old snapshot may keep for long, are not walked over again. What may still be there, because its
-- transaction ended late, is looked for when the rest is not enough: a little before `p_from`, and from the
-- very beginning only where that shows a job. Whoever asks has to begin at 0 now and then.
create function resque.take(p_queues integer[], p_from bigint[], p_count integer)
returns resque.taken language plpgsql as $$
declare
    v_taken resque.taken;
begin
    -- Of many queues only those that hold something are looked into.
    if cardinality(p_queues) > 32 then
        with recursive filled as (
            (select j.queue from resque.jobs j order by j.queue limit 1)
            union all
            select (select j.queue from resque.jobs j where j.queue > f.queue order by j.queue limit 1)
            from filled f where f.queue is not null
        )
        select array_agg(q.id order by q.ord), array_agg(q.start order by q.ord) into p_queues, p_from
        from unnest(p_queues, p_from) with ordinality q (id, start, ord)
        where q.id in (select f.queue from filled f where f.queue is not null);
    end if;
    with picked as materialized (
        select r.id, r.name, j.*
        from (
            select k.id, k.name, r.round, r.low, r.high
            from unnest(p_queues, p_from) with ordinality q (id, start, ord)
            join resque.queues k on k.id = q.id and not k.stopped
            cross join lateral (values
                (1, 1, -9223372036854775808, 0), (1, 2, q.start, 9223372036854775807), (2, 1, 0, q.start)
            ) r (round, part, low, high)
            where r.low < r.high
            order by r.round, q.ord, r.part
        ) r
        cross join lateral (
            select j.ctid as place, j.pos, j.payload, j.since
            from resque.jobs j
            where j.queue = r.id and j.pos >= r.low and j.pos < r.high
            and (r.round = 1 or exists (
                select from resque.jobs l
                where l.queue = r.id and l.pos >= r.high - 1000 and l.pos < r.high))
            order by j.pos limit p_count
            for update skip locked
        ) j
        limit p_count
    ), fitting as materialized (
        -- Nothing where all of them fit, as nearly always.
        select case when sum(octet_length(p.payload)) > resque.most_bytes() then array(
            select w.place
            from (
                select p.place, octet_length(p.payload) as own, sum(octet_length(p.payload))
                    over (rows between unbounded preceding and 1 preceding) as before
                from picked p
            ) w
            where w.before is null or w.before + w.own <= resque.most_bytes()) end as places
        from picked p
    ), gone as (
        delete from resque.jobs where ctid = any (
            coalesce((select f.places from fitting f), array(select p.place from picked p)))
    )
    select coalesce(array_agg(p.id), '{}'), coalesce(array_agg(p.name), '{}'), coalesce(array_agg(p.pos), '{}'),
        coalesce(array_agg(p.payload), '{}'), coalesce(array_agg(p.since), '{}'),
        coalesce(array_agg(nextval('resque.numbers')), '{}')
    into v_taken from picked p
    where (select f.places is null from fitting f) or p.place = any ((select f.places from fitting f)::tid[]);
    return v_taken;
end $$;

-- What a look at the queues has seen: the snapshot, and the run of the server. After a failover or from a
-- backup, what was committed last may be gone, and its numbers are given again.
create function resque.sight() returns text language sql stable as $$
    select pg_current_snapshot() || ' ' || extract(epoch from pg_postmaster_start_time())
$$;

-- Whether there is a queue that a look did not see, or the look was at another server. (Numbers of
-- transactions that lie ahead are from another server, out of which the tables were restored.)
create function resque.is_outdated(p_seen text) returns boolean language plpgsql as $$
declare
    v_seen pg_snapshot := split_part(p_seen, ' ', 1);
begin
    return split_part(p_seen, ' ', 2) <> extract(epoch from pg_postmaster_start_time())::text
        or exists (
            select from resque.queues q
            where q.born >= pg_snapshot_xmin(v_seen)
            and q.born < pg_snapshot_xmax(pg_current_snapshot())
            and not pg_visible_in_snapshot(q.born, v_seen));
end $$;

-- Takes jobs out for good, unless the queues were resolved from what is out of date.
create function resque.pop(
    p_queues integer[], p_from bigint[], p_count integer, p_seen text,
    out outdated boolean, out queues integer[], out places bigint[], out payloads bytea[]
) language plpgsql as $$
declare
    v_taken resque.taken;
begin
    outdated := resque.is_outdated(p_seen);
    if not outdated then
        v_taken := resque.take(p_queues, p_from, p_count);
        queues := v_taken.queues;
        places := v_taken.places;
        payloads := v_taken.payloads;
    end if;
end $$;

-- Records failures, all or those whose settlement is among the settled ones.
create function resque.record_failures(
    p_at timestamptz[], p_retried timestamptz[], p_queues text[], p_workers text[], p_exceptions text[],
    p_errors text[], p_backtraces text[], p_payloads bytea[],
    p_done integer[] default null, p_settled integer[] default null
) returns void language plpgsql as $$
begin
    insert into resque.failures (failed_at, retried_at, queue, worker, exception, error, backtrace,
        payload)
    select b.failed_at, b.retried_at, b.queue, b.worker, b.exception, b.error, b.backtrace::text[],
        b.payload
    from unnest(p_at, p_retried, p_queues, p_workers, p_exceptions, p_errors, p_backtraces, p_payloads,
        p_done) with ordinality
        b (failed_at, retried_at, queue, worker, exception, error, backtrace, payload, done, ord)
    where p_done is null or b.done in (select s.done from unnest(p_settled) s (done))
    order by b.ord;
end $$;

-- Settles finished jobs and fills free slots, in one step.
--
-- `p_slots` names all workers concerned, in order of their ids; other lists point into it. For each
-- settlement there are the worker, the number of the reservation, the heartbeat that it depends on (0 is
-- none) and what is counted. The lists behind them say of some settlements, by their place, what becomes
-- of the job. `p_queues` are the queues to serve, in order, as they were resolved from what was there in
-- the snapshot `p_seen`: if that is out of date nothing is given, and the caller has to resolve them anew.
create function resque.exchange(
    p_slots text[],
    p_done integer[], p_numbers bigint[], p_marks bigint[], p_processed integer[], p_failed integer[],
    p_released integer[], p_released_payloads bytea[],
    p_later integer[], p_later_due timestamptz[], p_later_payloads bytea[],
    p_bad integer[], p_bad_at timestamptz[], p_bad_retried timestamptz[], p_bad_queues text[],
    p_bad_workers text[], p_bad_exceptions text[], p_bad_errors text[], p_bad_backtraces text[],
    p_bad_payloads bytea[],
    p_want integer[], p_queues integer[], p_from bigint[], p_seen text, p_now timestamptz,
    out settled integer[], out paused boolean, out outdated boolean,
    out slots integer[], out numbers bigint[], out queues integer[], out places bigint[],
    out payloads bytea[],
    out again_slots integer[], out again_numbers bigint[], out again_queues text[],
    out again_payloads bytea[], out again_since timestamptz[]
) language plpgsql as $$
declare
    v_rows tid[];
    v_held bigint[];
    v_marks bigint[];
    v_made boolean := false;
    v_free integer[];
    v_names text[];
    v_taken resque.taken;
begin
    settled := '{}';
    -- Whoever touches several workers locks them in the order of their ids.
    loop
        -- From the newest version of a row to its oldest one, because a row that changes with every job has
        -- left one for each of them while an old snapshot keeps them. (Asked for by equality, Postgres
        -- would see no order to keep.)
        select array_agg(w.place), array_agg(w.number), array_agg(w.mark) into v_rows, v_held, v_marks
        from unnest(p_slots) s (id)
        cross join lateral (
            select w.ctid as place, coalesce(w.number, 0) as number, coalesce(w.mark, 0) as mark
            from resque.workers w where w.id >= s.id and w.id <= s.id
            order by w.id desc limit 1 for no key update
        ) w;
        exit when coalesce(cardinality(v_rows), 0) = cardinality(p_slots);
        -- Somebody who never registered, or was taken off the registry.
        insert into resque.workers (id) select s.id from unnest(p_slots) s (id) on conflict do nothing;
        v_made := true;
    end loop;

    if cardinality(p_done) > 0 then
        settled := array(
            select d.ord::integer
            from unnest(p_done, p_numbers, p_marks) with ordinality d (slot, number, mark, ord)
            where v_held[d.slot] = d.number and (d.mark = 0 or d.mark = v_marks[d.slot]));
        -- What is settled is held no longer.
        select array_agg(case when s.ord is null then v_held[o.slot] else 0 end order by o.slot) into v_held
        from generate_series(1, cardinality(v_held)) o (slot)
        left join unnest(settled) s (ord) on p_done[s.ord] = o.slot;
    end if;
    if cardinality(p_later) > 0 then
        insert into resque.delayed (due, queue, payload)
        select l.due, w.queue, coalesce(l.payload, w.payload)
        from unnest(p_later, p_later_due, p_later_payloads) with ordinality l (done, due, payload, ord)
        join resque.workers w on w.ctid = v_rows[p_done[l.done]]
        join unnest(settled) s (ord) on s.ord = l.done
        order by l.ord;
    end if;
    if cardinality(p_bad) > 0 then
        perform resque.record_failures(p_bad_at, p_bad_retried, p_bad_queues, p_bad_workers,
            p_bad_exceptions, p_bad_errors, p_bad_backtraces, p_bad_payloads, p_bad, settled);
    end if;
    if cardinality(p_released) > 0 then
        select resque.put_in_front(array_agg(w.queue order by r.ord),
            array_agg(coalesce(r.payload, w.payload) order by r.ord),
            array_agg(w.waited_since order by r.ord))
        into v_names
        from unnest(p_released, p_released_payloads) with ordinality r (done, payload, ord)
        join resque.workers w on w.ctid = v_rows[p_done[r.done]]
        join unnest(settled) s (ord) on s.ord = r.done
        having count(*) > 0;
    end if;

    select s.paused into paused from resque.settings s where s.only_row;
    outdated := false;
    if cardinality(p_want) > 0 then
        if array_remove(v_held, 0) = '{}' then
            v_free := p_want;
        else
            select array_agg(w.slot order by w.ord) into v_free
            from unnest(p_want) with ordinality w (slot, ord)
            where v_held[w.slot] = 0;
            -- Those that do not fit are given again when they are asked for without these.
            select array_agg(h.slot), array_agg(h.number), array_agg(h.queue), array_agg(h.payload),
                array_agg(h.since)
            into again_slots, again_numbers, again_queues, again_payloads, again_since
            from (
                select w.slot, h.number, h.queue, h.payload, h.since, sum(octet_length(h.payload))
                    over (order by w.ord rows between unbounded preceding and 1 preceding) as before
                from unnest(p_want) with ordinality w (slot, ord)
                join resque.workers h on h.ctid = v_rows[w.slot]
                where v_held[w.slot] <> 0
            ) h
            where h.before is null or h.before + octet_length(h.payload) <= resque.most_bytes();
        end if;
        if v_free is not null and not paused then
            outdated := resque.is_outdated(p_seen);
            if not outdated then
                v_taken := resque.take(p_queues, p_from, cardinality(v_free));
                slots := v_free[1 : cardinality(v_taken.numbers)];
                numbers := v_taken.numbers;
                queues := v_taken.queues;
                places := v_taken.places;
                payloads := v_taken.payloads;
            end if;
        end if;
    end if;

    update resque.workers w set
        number = c.number, queue = c.queue, payload = c.payload,
        since = case when c.number is not null then p_now end, waited_since = c.waited_since,
        -- Nobody would ever find out that an unregistered holder has died.
        heartbeat = case when w.started is null and c.number is not null then p_now else w.heartbeat end,
        mark = case when w.started is null and c.number is not null then c.number else w.mark end,
        processed = case when c.processed > 0 then coalesce(w.processed, 0) + c.processed
            else w.processed end,
        failed = case when c.failed > 0 then coalesce(w.failed, 0) + c.failed else w.failed end,
        total_processed = w.total_processed + coalesce(c.processed, 0),
        total_failed = w.total_failed + coalesce(c.failed, 0)
    from (
        select slot, s.processed, s.failed, g.number, g.queue, g.payload, g.waited_since
        from (
            select p_done[o.ord] as slot, p_processed[o.ord] as processed, p_failed[o.ord] as failed
            from unnest(settled) o (ord)
        ) s
        full join (
            select g.slot, g.number, g.queue, g.payload, g.waited_since
            from unnest(slots, v_taken.numbers, v_taken.names, v_taken.payloads, v_taken.since)
                g (slot, number, queue, payload, waited_since)
        ) g using (slot)
    ) c
    where w.ctid = v_rows[c.slot];

    if v_made then
        delete from resque.workers w
        where w.id = any (p_slots) and w.started is null and w.heartbeat is null and w.number is null
        and w.processed is null and w.failed is null and w.total_processed = 0 and w.total_failed = 0;
    end if;
    if v_names is not null then
        perform resque.wake(v_names);
    end if;
end $$;

-- What `exchange` does where nothing is settled and no worker holds a job, in a few steps and without
-- touching more workers than there are jobs: an idle worker is woken for one job at a time. `p_slots` names
-- the workers whose turn it is, each once. Where that is not all there is to do it is not `ready`, and
-- nothing was done.
create function resque.reserve(
    p_slots text[], p_queues integer[], p_from bigint[], p_seen text, p_now timestamptz,
    out ready boolean, out paused boolean,
    out numbers bigint[], out queues integer[], out places bigint[], out payloads bytea[]
) language plpgsql as $$
declare
    v_taken resque.taken;
    v_count integer;
begin
    -- Rows of workers are looked for as in `exchange`, the newest version first.
    select s.paused, cardinality(p_slots) = (
        select count(*) from unnest(p_slots) n (id)
        cross join lateral (
            select w.number from resque.workers w where w.id >= n.id and w.id <= n.id
            order by w.id desc limit 1
        ) w
        where w.number is null)
    into paused, ready from resque.settings s where s.only_row;
    ready := ready and not resque.is_outdated(p_seen);
    if paused or not ready then
        return;
    end if;
    v_taken := resque.take(p_queues, p_from, cardinality(p_slots));
    numbers := v_taken.numbers;
    queues := v_taken.queues;
    places := v_taken.places;
    payloads := v_taken.payloads;
    if numbers = '{}' then
        return;
    end if;
    update resque.workers w set
        number = g.number, queue = g.queue, payload = g.payload, since = p_now,
        waited_since = g.waited_since,
        heartbeat = case when w.started is null then p_now else w.heartbeat end,
        mark = case when w.started is null then g.number else w.mark end
    from (
        -- Whoever touches several workers locks them in the order of their ids.
        select g.*, l.place
        from unnest(p_slots[1 : cardinality(numbers)], numbers, v_taken.names, payloads,
            v_taken.since) g (id, number, queue, payload, waited_since)
        cross join lateral (
            select l.ctid as place from resque.workers l where l.id >= g.id and l.id <= g.id
            order by l.id desc limit 1
        ) l
        order by g.id collate "C"
    ) g
    where w.ctid = g.place and w.number is null;
    get diagnostics v_count = row_count;
    if v_count < cardinality(numbers) then
        raise exception 'a worker got another job, or left, in the same moment'
        using errcode = 'serialization_failure';
    end if;
end $$;

-- Takes workers off the registry: each is gone (0), still holds a job (1), or has beaten since (2).
create function resque.unregister(p_ids text[], p_marks bigint[])
returns table (ord integer, state integer, number bigint, queue text, payload bytea, since timestamptz)
language plpgsql as $$
#variable_conflict use_column
begin
    perform from resque.workers w where w.id = any (p_ids) order by w.id for update;
    return query
    with leaving as materialized (
        select l.ord, l.id, w.number, w.queue, w.payload, w.since,
            case when l.mark <> 0 and w.mark <> l.mark then 2
                when w.number is not null then 1 else 0 end as state
        from unnest(p_ids, p_marks) with ordinality l (id, mark, ord)
        left join resque.workers w on w.id = l.id
    ), gone as (
        delete from resque.workers w using (select distinct l.id from leaving l where l.state = 0) l
        where w.id = l.id
        returning w.total_processed, w.total_failed
    ), folded as (
        insert into resque.counters as c (name, value)
        select s.name, s.value from (
            select 'failed' as name, sum(g.total_failed) as value from gone g
            union all select 'processed', sum(g.total_processed) from gone g
        ) s
        where s.value <> 0
        order by s.name
        on conflict (name) do update set value = c.value + excluded.value
    )
    select l.ord::integer, l.state, l.number, l.queue, l.payload, l.since from leaving l order by l.ord;
end $$;

-- Removes (0) waiting jobs of exactly these bytes, oldest first, or moves them to the front of their queue
-- (1) or to the end of another one (2); answers how many there were.
create function resque.edit(
    p_queue text, p_payload bytea, p_at_most bigint, p_how integer, p_other text
) returns bigint language plpgsql as $$
declare
    v_queue integer := (select q.id from resque.queues q where q.name = p_queue);
    v_other integer;
    v_since timestamptz[];
begin
    with found as materialized (
        select j.ctid as place, j.pos, j.since from resque.jobs j
        where j.queue = v_queue and j.payload = p_payload
        order by j.pos limit p_at_most
        for update skip locked
    ), gone as (
        delete from resque.jobs where ctid = any (array(select f.place from found f))
    )
    select array_agg(f.since order by f.pos) into v_since from found f;
    if v_since is null then
        return 0;
    end if;
    if p_how = 1 then
        insert into resque.jobs (queue, pos, payload, since)
        select v_queue, nextval('resque.front'), p_payload, s.since from unnest(v_since) s (since);
        perform resque.wake(array[p_queue]);
    elsif p_how = 2 then
        v_other := (resque.queue_ids(array[p_other]))[1];
        insert into resque.jobs (queue, payload)
        select v_other, p_payload from generate_series(1, cardinality(v_since));
        perform resque.wake(array[p_other]);
    end if;
    return cardinality(v_since);
end $$;

-- Moves jobs that are due into their queues, in order of their time and then of their coming.
create function resque.promote(p_now timestamptz, p_at_most bigint, out moved bigint, out next_due timestamptz)
language plpgsql as $$
declare
    v_names text[];
    v_payloads bytea[];
    v_distinct text[];
    v_ids integer[];
begin
    -- One at a time: two could not keep the order between them.
    perform pg_advisory_xact_lock(hashtextextended('resque', 1));
    with due as materialized (
        select d.id, d.due, d.queue, d.payload from resque.delayed d
        where d.due <= p_now order by d.due, d.id limit p_at_most
        for update skip locked
    ), gone as (
        delete from resque.delayed where id in (select d.id from due d)
    )
    select array_agg(d.queue order by d.due, d.id), array_agg(d.payload order by d.due, d.id)
    into v_names, v_payloads from due d;
    moved := coalesce(cardinality(v_names), 0);
    if moved > 0 then
        v_distinct := array(select distinct n.name from unnest(v_names) n (name));
        v_ids := resque.queue_ids(v_distinct);
        insert into resque.jobs (queue, payload)
        select i.id, p.payload
        from unnest(v_names, v_payloads) with ordinality p (name, payload, ord)
        join unnest(v_distinct, v_ids) i (name, id) on i.name = p.name
        order by p.ord;
        perform resque.wake(v_distinct);
    end if;
    select min(d.due) into next_due from resque.delayed d;
end $$;

-- Puts a failed job back into a queue, by default the one it came from, and marks or removes its record.
-- Answers 0, or 1 if the record has gone or its job was put back since a time, or 2 with the name of a queue
-- that cannot exist.
create function resque.retry_failure(
    p_id bigint, p_queue text, p_keep boolean, p_now timestamptz, p_unless_since timestamptz,
    out state integer, out name text
) language plpgsql as $$
declare
    v_record record;
begin
    select f.queue, f.payload, f.retried_at into v_record from resque.failures f where f.id = p_id
    for no key update;
    if not found or v_record.retried_at >= p_unless_since then
        state := 1;
        return;
    end if;
    name := coalesce(p_queue, v_record.queue);
    if p_queue is null
        and (octet_length(name) not between 1 and 255 or name ~ '[,\u0001-\u001f\u007f-\u009f]') then
        state := 2;
        return;
    end if;
    insert into resque.jobs (queue, payload)
    values ((resque.queue_ids(array[name]))[1], v_record.payload);
    if p_keep then
        update resque.failures set retried_at = p_now where id = p_id;
    else
        delete from resque.failures where id = p_id;
    end if;
    perform resque.wake(array[name]);
    state := 0;
end $$;

-- Plans are made for queues as they are under load, whatever the statistics say of a moment when they were
-- empty; and they are made once.
do $do$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'resque' and p.proname in ('pop', 'exchange', 'reserve', 'push', 'edit', 'promote')
    loop
        execute format('alter function %s set plan_cache_mode = force_generic_plan', v_function);
        execute format('alter function %s set enable_seqscan = off', v_function);
        execute format('alter function %s set enable_bitmapscan = off', v_function);
        execute format('alter function %s set enable_mergejoin = off', v_function);
        execute format('alter function %s set jit = off', v_function);
    end loop;
    -- Each of these settings costs a push of one job microseconds: no more than it needs.
    alter function resque.push_one set enable_seqscan = off;
    alter function resque.push_one set enable_bitmapscan = off;
    alter function resque.push_one set jit = off;
end $do$;
