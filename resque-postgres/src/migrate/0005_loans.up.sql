-- Jobs that are lent until a time to programs that are no workers, and the account of such programs.

-- One row a loan. The numbers come in the order of lending, and none is ever given twice.
create table resque.loans (
    id bigint generated always as identity primary key,
    until timestamptz not null,
    queue text collate "C" not null,
    payload bytea not null,
    since timestamptz not null,
    waited_since timestamptz not null,
    attempt integer not null,
    holder text collate "C"
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table resque.loans alter payload set storage external;
create index loans_until on resque.loans (until, id);

-- How often loans of a job ran out, by the digest of its queue and payload, and when the last of them did.
create table resque.losses (
    job bytea primary key,
    times integer not null,
    last timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index losses_last on resque.losses (last);

-- Workers that come over HTTP, the queues they are on, and what was counted for queues.
create table resque.http_workers (
    id text collate "C" primary key,
    started timestamptz not null,
    seen timestamptz not null,
    processed bigint not null default 0,
    failed bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create table resque.http_worker_queues (
    queue text collate "C" not null,
    worker text collate "C" not null references resque.http_workers on delete cascade,
    primary key (queue, worker)
);
create index http_worker_queues_worker on resque.http_worker_queues (worker);
-- In shares that are added up now and then, so that settlements do not wait for each other.
create table resque.http_counts (
    queue text collate "C" not null,
    processed bigint not null,
    failed bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index http_counts_queue on resque.http_counts (queue);
-- What settled loans have added to the totals, in shares too.
create table resque.count_shares (
    name text collate "C" not null,
    share bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create function resque.job_digest(p_queue text, p_payload bytea) returns bytea language sql immutable as $$
    select sha256(convert_to(p_queue, 'UTF8') || '\x0a'::bytea || p_payload)
$$;

-- Puts jobs whose loan is over back to the front of their queues, those first that ran out first; several keep
-- the order in which they were lent.
create function resque.put_back(
    p_now timestamptz, p_at_most bigint, out jobs bigint, out next_over timestamptz
) language plpgsql as $$
declare
    v_ids bigint[];
    v_names text[];
begin
    jobs := 0;
    if exists (select from resque.loans l where l.until <= p_now) then
        -- One at a time: two could not keep the order between them.
        perform pg_advisory_xact_lock(hashtextextended('resque', 2));
        -- What somebody settles at this moment is left to him.
        v_ids := array(
            select l.id from resque.loans l where l.until <= p_now
            order by l.until, l.id limit p_at_most for update skip locked);
        jobs := cardinality(v_ids);
    end if;
    if jobs > 0 then
        select resque.put_in_front(array_agg(l.queue order by l.id), array_agg(l.payload order by l.id),
            array_agg(l.waited_since order by l.id))
        into v_names
        from resque.loans l where l.id = any (v_ids);
        delete from resque.losses where job in (
            select l.job from resque.losses l where l.last <= p_now - interval '24 hours'
            order by l.job limit 1000 for update skip locked);
        insert into resque.losses as l (job, times, last)
        select o.job, count(*), p_now from (
            select resque.job_digest(l.queue, l.payload) as job from resque.loans l where l.id = any (v_ids)
        ) o
        group by o.job order by o.job
        on conflict (job) do update set
            times = excluded.times
                + case when l.last > p_now - interval '24 hours' then l.times else 0 end,
            last = greatest(l.last, excluded.last);
        delete from resque.loans where id = any (v_ids);
        perform resque.wake(v_names);
    end if;
    select min(l.until) into next_over from resque.loans l;
end $$;

-- Puts back what is over, then lends jobs, unless the queues were resolved from what is out of date.
create function resque.lend(
    p_queues integer[], p_from bigint[], p_count integer, p_seen text,
    p_until timestamptz, p_holder text, p_now timestamptz,
    out outdated boolean, out paused boolean, out queues integer[], out places bigint[],
    out payloads bytea[], out ids bigint[], out attempts integer[], out next_over timestamptz
) language plpgsql as $$
declare
    v_taken resque.taken;
begin
    perform resque.put_back(p_now, 1000);
    select s.paused into paused from resque.settings s where s.only_row;
    outdated := false;
    if not paused and p_count > 0 then
        outdated := resque.is_outdated(p_seen);
        if not outdated then
            v_taken := resque.take(p_queues, p_from, p_count);
            queues := v_taken.queues;
            places := v_taken.places;
            payloads := v_taken.payloads;
        end if;
    end if;
    if cardinality(queues) > 0 then
        if exists (select from resque.losses) then
            attempts := array(
                select coalesce(l.times, 0) + 1
                from unnest(v_taken.names, payloads) with ordinality j (queue, payload, ord)
                left join resque.losses l on l.job = resque.job_digest(j.queue, j.payload)
                    and l.last > p_now - interval '24 hours'
                order by j.ord);
        else
            attempts := array_fill(1, array[cardinality(queues)]);
        end if;
        with lent as (
            insert into resque.loans (until, queue, payload, since, waited_since, attempt, holder)
            select p_until, j.queue, j.payload, p_now, j.since, j.attempt, p_holder
            from unnest(v_taken.names, payloads, v_taken.since, attempts) with ordinality
                j (queue, payload, since, attempt, ord)
            order by j.ord
            returning id
        )
        select array_agg(l.id order by l.id) into ids from lent l;
    end if;
    select min(l.until) into next_over from resque.loans l;
end $$;

-- Makes one share of all that a queue or a total has, but for those that somebody is just adding up.
create function resque.add_up_http() returns void language sql as $$
    with added as (
        delete from resque.http_counts
        where ctid = any (array(select c.ctid from resque.http_counts c for update skip locked))
        returning *
    )
    insert into resque.http_counts (queue, processed, failed)
    select a.queue, sum(a.processed), sum(a.failed) from added a group by a.queue;
    with added as (
        delete from resque.count_shares
        where ctid = any (array(select s.ctid from resque.count_shares s for update skip locked))
        returning *
    )
    insert into resque.count_shares (name, share)
    select a.name, sum(a.share) from added a group by a.name;
$$;

-- Adds to what was counted over HTTP for queues, and for those workers that are registered.
create function resque.count_http(
    p_queues text[], p_workers text[], p_processed bigint[], p_failed bigint[], p_now timestamptz
) returns void language plpgsql as $$
begin
    insert into resque.http_counts (queue, processed, failed)
    select t.queue, sum(t.processed), sum(t.failed)
    from unnest(p_queues, p_processed, p_failed) t (queue, processed, failed)
    where t.processed > 0 or t.failed > 0
    group by t.queue;
    if random() < 0.02 then
        perform resque.add_up_http();
    end if;
    perform from resque.http_workers w where w.id = any (p_workers) order by w.id for no key update;
    update resque.http_workers w set
        processed = w.processed + t.processed, failed = w.failed + t.failed,
        seen = greatest(w.seen, p_now)
    from (
        select t.worker, sum(t.processed) as processed, sum(t.failed) as failed
        from unnest(p_workers, p_processed, p_failed) t (worker, processed, failed)
        where t.worker is not null
        group by t.worker
    ) t
    where w.id = t.worker;
end $$;

-- Ends loans. The first lists say of each settlement which loan it ends and what is counted; those behind them
-- say of some, by their place, what becomes of the job. Answers which took effect.
create function resque.settle_loans(
    p_ids bigint[], p_processed integer[], p_failed integer[],
    p_released integer[], p_released_payloads bytea[],
    p_later integer[], p_later_due timestamptz[], p_later_payloads bytea[],
    p_bad integer[], p_bad_at timestamptz[], p_bad_retried timestamptz[], p_bad_queues text[],
    p_bad_workers text[], p_bad_exceptions text[], p_bad_errors text[], p_bad_backtraces text[],
    p_bad_payloads bytea[],
    p_now timestamptz, out settled integer[]
) language plpgsql as $$
declare
    v_names text[];
begin
    -- Whoever touches several loans locks them in the order of their numbers.
    perform from resque.loans l where l.id = any (p_ids) order by l.id for update;
    settled := array(
        select d.ord::integer from unnest(p_ids) with ordinality d (id, ord)
        join resque.loans l on l.id = d.id
        where l.until > p_now order by d.ord);
    if cardinality(settled) = 0 then
        return;
    end if;
    if cardinality(p_later) > 0 then
        insert into resque.delayed (due, queue, payload)
        select t.due, l.queue, coalesce(t.payload, l.payload)
        from unnest(p_later, p_later_due, p_later_payloads) with ordinality t (done, due, payload, ord)
        join resque.loans l on l.id = p_ids[t.done]
        where t.done = any (settled)
        order by t.ord;
    end if;
    if cardinality(p_bad) > 0 then
        perform resque.record_failures(p_bad_at, p_bad_retried, p_bad_queues, p_bad_workers,
            p_bad_exceptions, p_bad_errors, p_bad_backtraces, p_bad_payloads, p_bad, settled);
    end if;
    if cardinality(p_released) > 0 then
        select resque.put_in_front(array_agg(l.queue order by r.ord),
            array_agg(coalesce(r.payload, l.payload) order by r.ord),
            array_agg(l.waited_since order by r.ord))
        into v_names
        from unnest(p_released, p_released_payloads) with ordinality r (done, payload, ord)
        join resque.loans l on l.id = p_ids[r.done]
        where r.done = any (settled)
        having count(*) > 0;
    end if;
    if exists (select from resque.losses) then
        delete from resque.losses where job in (
            select o.job from resque.losses o where o.job in (
                select resque.job_digest(l.queue, l.payload)
                from unnest(settled) s (done)
                join resque.loans l on l.id = p_ids[s.done]
                where s.done <> all (p_released))
            order by o.job for update);
    end if;
    insert into resque.count_shares (name, share)
    select t.name, t.value from (
        select 'failed' as name, sum(p_failed[s.done]) as value from unnest(settled) s (done)
        union all select 'processed', sum(p_processed[s.done]) from unnest(settled) s (done)
    ) t
    where t.value > 0;
    perform resque.count_http(
        array_agg(l.queue::text), array_agg(l.holder::text),
        array_agg(p_processed[s.done]::bigint), array_agg(p_failed[s.done]::bigint), p_now)
    from unnest(settled) s (done) join resque.loans l on l.id = p_ids[s.done];
    delete from resque.loans where id in (select p_ids[s.done] from unnest(settled) s (done));
    if v_names is not null then
        perform resque.wake(v_names);
    end if;
end $$;

-- Lets loans last longer that are not over; answers which.
create function resque.extend_loans(
    p_ids bigint[], p_until timestamptz[], p_now timestamptz
) returns boolean[] language sql as $$
    with locked as materialized (
        select l.id from resque.loans l where l.id = any (p_ids) and l.until > p_now
        order by l.id for update of l
    ), extended as (
        update resque.loans l set until = greatest(l.until, e.until)
        from (
            select e.id, max(e.until) as until from unnest(p_ids, p_until) e (id, until)
            join locked using (id) group by e.id
        ) e
        where l.id = e.id and l.until > p_now
        returning l.id
    )
    select coalesce(array_agg(x.id is not null order by e.ord), '{}')
    from unnest(p_ids) with ordinality e (id, ord) left join extended x on x.id = e.id
$$;

-- Puts jobs in as `push_locked` does, in the same step in which it gets a lock for all of them. Answers nothing
-- if somebody holds that lock, and does not hold it afterwards if no job was put in.
create function resque.push_once(
    p_lock text, p_holder text, p_at timestamptz, p_till timestamptz,
    p_locks text[], p_holders text[], p_now timestamptz[], p_until timestamptz[], p_place integer[],
    p_names text[], p_which integer[], p_payloads bytea[],
    p_due_names text[], p_due timestamptz[], p_due_payloads bytea[],
    out lengths bigint[], out put boolean[]
) language plpgsql as $$
begin
    if not (resque.lock(array[p_lock], array[p_holder], array[p_at], array[p_till]))[1] then
        return;
    end if;
    select p.lengths, p.put into lengths, put
    from resque.push_locked(p_locks, p_holders, p_now, p_until, p_place, p_names, p_which, p_payloads,
        p_due_names, p_due, p_due_payloads) p;
    if not (true = any (put)) then
        delete from resque.leases l where l.name = p_lock and l.holder = p_holder and l.is_lock;
    end if;
end $$;

-- Registers a worker over HTTP on a queue, unless there are too many; its counts begin anew.
create function resque.register_http(
    p_worker text, p_queue text, p_now timestamptz, p_most bigint
) returns boolean language plpgsql as $$
begin
    if not exists (select from resque.http_workers w where w.id = p_worker)
        and (select count(*) from resque.http_workers) >= p_most then
        return false;
    end if;
    insert into resque.http_workers as w (id, started, seen) values (p_worker, p_now, p_now)
    on conflict (id) do update set started = p_now, seen = p_now, processed = 0, failed = 0;
    insert into resque.http_worker_queues (queue, worker) values (p_queue, p_worker)
    on conflict do nothing;
    return true;
end $$;

-- Takes a worker over HTTP off a queue, and forgets it with its last one; answers whether it was there.
create function resque.unregister_http(p_worker text, p_queue text) returns boolean language plpgsql as $$
declare
    v_was_there boolean;
begin
    perform from resque.http_workers w where w.id = p_worker for update;
    delete from resque.http_worker_queues q where q.queue = p_queue and q.worker = p_worker;
    v_was_there := found;
    delete from resque.http_workers w where w.id = p_worker
        and not exists (select from resque.http_worker_queues q where q.worker = p_worker);
    return v_was_there;
end $$;

-- As for the functions of workers: plans are made once, for tables as they are under load.
do $do$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'resque' and p.proname in ('put_back', 'lend', 'settle_loans')
    loop
        execute format('alter function %s set plan_cache_mode = force_generic_plan', v_function);
        execute format('alter function %s set enable_seqscan = off', v_function);
        execute format('alter function %s set enable_bitmapscan = off', v_function);
        execute format('alter function %s set enable_mergejoin = off', v_function);
        execute format('alter function %s set jit = off', v_function);
    end loop;
end $do$;
