-- What is held and counted under names: locks of unique jobs, places, tokens, and lines of those who were
-- refused; and marks on jobs that are to be ended.

-- Who holds a lease on a name, and until when. A lock allows one at a time, whoever holds it.
create table resque.leases (
    name text collate "C" not null,
    holder text collate "C" not null,
    until timestamptz not null,
    is_lock boolean not null default false
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Each row is in one of them only: an insert that has to get by two unique indexes at once is refused by the
-- other one, when two clients put in the same job at the same moment.
create unique index leases_locks on resque.leases (name) where is_lock;
create unique index leases_places on resque.leases (name, holder) where not is_lock;
-- Both kinds are given up and held on by name and holder.
create index leases_held on resque.leases (name, holder);
create index leases_until on resque.leases (until);

-- Up to when tokens of a name were taken, and where the line of those who were refused ends. Its row is
-- what all claims on a name wait for.
create table resque.lines (
    name text collate "C" primary key,
    taken timestamptz,
    line timestamptz not null default '-infinity'
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- To which time each job in a line was sent last.
create table resque.turns (
    name text collate "C" not null,
    job text collate "C" not null,
    turn timestamptz not null,
    primary key (name, job)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index turns_turn on resque.turns (turn);

-- The number of the reservation that is to be ended.
alter table resque.workers add column cancelled bigint;

-- Takes away leases that were over an hour ago, now and then and a little at a time.
create function resque.forget_leases(p_now timestamptz) returns void language plpgsql as $$
begin
    if random() < 0.02 then
        delete from resque.leases where (name, holder) in (
            select l.name, l.holder from resque.leases l where l.until < p_now - interval '1 hour'
            limit 1000 for update skip locked);
    end if;
end $$;

-- The same for the lines and those who stood in them.
create function resque.forget_lines(p_now timestamptz) returns void language plpgsql as $$
begin
    if random() < 0.02 then
        delete from resque.turns where (name, job) in (
            select t.name, t.job from resque.turns t where t.turn < p_now - interval '1 hour'
            limit 1000 for update skip locked);
        delete from resque.lines where name in (
            select l.name from resque.lines l
            where l.line < p_now - interval '1 hour' and coalesce(l.taken < p_now - interval '1 hour', true)
            limit 1000 for update skip locked);
    end if;
end $$;

-- Gets locks, in the order of the list: answers for each job whether it may be put in. Jobs without a
-- name need none.
create function resque.lock(
    p_names text[], p_holders text[], p_now timestamptz[], p_until timestamptz[]
) returns boolean[] language plpgsql as $$
declare
    v_got boolean[];
begin
    with wanted as (
        -- The first of a batch; locks are waited for in the order of their names.
        select distinct on (l.name) l.name, l.holder, l.now, l.until, l.ord
        from unnest(p_names, p_holders, p_now, p_until) with ordinality l (name, holder, now, until, ord)
        where l.name is not null
        order by l.name, l.ord
    ), got as (
        insert into resque.leases as h (name, holder, until, is_lock)
        select w.name, w.holder, w.until, true from wanted w order by w.name
        on conflict (name) where is_lock do update
            set holder = excluded.holder, until = excluded.until
            where h.until <= (select w.now from wanted w where w.name = h.name)
        returning h.name
    )
    select array_agg(n.name is null or w.ord is not null order by n.ord) into v_got
    from unnest(p_names) with ordinality n (name, ord)
    left join (select w.ord from wanted w join got g on g.name = w.name) w on w.ord = n.ord;
    perform resque.forget_leases((select min(n.now) from unnest(p_now) n (now)));
    return v_got;
end $$;

-- Puts jobs in as `push` does, but those whose lock somebody else holds. The first lists say of each job
-- of the batch whether and what it locks; `p_place` is its place among those put in at once, or, negative,
-- among the delayed ones. Answers the lengths of the queues, and which jobs were put in.
create function resque.push_locked(
    p_locks text[], p_holders text[], p_now timestamptz[], p_until timestamptz[], p_place integer[],
    p_names text[], p_which integer[], p_payloads bytea[],
    p_due_names text[], p_due timestamptz[], p_due_payloads bytea[],
    out lengths bigint[], out put boolean[]
) language plpgsql as $$
declare
    v_now integer[];
    v_due integer[];
    v_which integer[];
    v_names text[];
begin
    put := resque.lock(p_locks, p_holders, p_now, p_until);
    v_now := array(select p.place from unnest(p_place, put) with ordinality p (place, put, ord)
        where p.put and p.place > 0 order by p.ord);
    v_due := array(select -p.place from unnest(p_place, put) with ordinality p (place, put, ord)
        where p.put and p.place < 0 order by p.ord);
    -- A queue for which nothing is left is not made to exist.
    v_names := array(select n.name from unnest(p_names) with ordinality n (name, ord)
        where n.ord in (select p_which[v.place] from unnest(v_now) v (place)) order by n.ord);
    v_which := array(select array_position(v_names, p_names[p_which[v.place]])
        from unnest(v_now) with ordinality v (place, ord) order by v.ord);
    lengths := resque.push(v_names, v_which,
        array(select p_payloads[v.place] from unnest(v_now) with ordinality v (place, ord) order by v.ord),
        array(select p_due_names[v.place] from unnest(v_due) with ordinality v (place, ord) order by v.ord),
        array(select p_due[v.place] from unnest(v_due) with ordinality v (place, ord) order by v.ord),
        array(select p_due_payloads[v.place] from unnest(v_due) with ordinality v (place, ord)
            order by v.ord));
    -- One length for each name that was asked for.
    lengths := array(select coalesce(lengths[array_position(v_names, n.name)], 0)
        from unnest(p_names) with ordinality n (name, ord) order by n.ord);
end $$;

-- Changes leases as settlements say that took effect: those without a time are given up, others are held
-- on, never for a shorter time. `p_done` says for each change which settlement it belongs to.
create function resque.change_leases(
    p_settled integer[], p_done integer[], p_names text[], p_holders text[], p_until timestamptz[]
) returns void language plpgsql as $$
begin
    if cardinality(p_settled) = 0 then
        return;
    end if;
    perform from resque.leases l
    join unnest(p_done, p_names, p_holders) c (done, name, holder)
        on c.name = l.name and c.holder = l.holder
    where c.done = any (p_settled)
    order by l.name, l.holder for update of l;
    delete from resque.leases l
    using unnest(p_done, p_names, p_holders, p_until) c (done, name, holder, until)
    where l.name = c.name and l.holder = c.holder and c.until is null and c.done = any (p_settled);
    update resque.leases l set until = greatest(l.until, c.until)
    from unnest(p_done, p_names, p_holders, p_until) c (done, name, holder, until)
    where l.name = c.name and l.holder = c.holder and c.until is not null and c.done = any (p_settled);
end $$;

-- Holds leases on that are still held; answers which.
create function resque.renew_leases(
    p_names text[], p_holders text[], p_until timestamptz[], p_now timestamptz
) returns boolean[] language sql as $$
    with locked as materialized (
        select l.name, l.holder from resque.leases l
        join unnest(p_names, p_holders) r (name, holder) on r.name = l.name and r.holder = l.holder
        where l.until > p_now
        order by l.name, l.holder for update of l
    ), renewed as (
        update resque.leases l set until = greatest(l.until, r.until)
        from (
            select r.name, r.holder, max(r.until) as until
            from unnest(p_names, p_holders, p_until) r (name, holder, until)
            join locked using (name, holder) group by r.name, r.holder
        ) r
        where l.name = r.name and l.holder = r.holder and l.until > p_now
        returning l.name, l.holder
    )
    select coalesce(array_agg(n.name is not null order by r.ord), '{}')
    from unnest(p_names, p_holders) with ordinality r (name, holder, ord)
    left join renewed n on n.name = r.name and n.holder = r.holder
$$;

-- Claims what reserved jobs need before they start, in their order. `p_needs` says how many of the needs
-- in the lists behind it belong to each claim. A need is a place (`p_until` and `p_of`, and `p_span` apart
-- from the next one) or a token (one each `p_span`, `p_of` at once, and no `p_until`). Spans are in
-- microseconds. Answers for each claim nothing if it is granted, else the time to wait for.
create function resque.claim(
    p_jobs text[], p_frees text[], p_freed_holders text[], p_needs integer[],
    p_names text[], p_holders text[], p_until timestamptz[], p_of bigint[], p_span bigint[],
    p_now timestamptz, p_longest bigint, p_kept bigint, p_late bigint
) returns timestamptz[] language plpgsql as $$
declare
    v_answers timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_jobs)]);
    v_next integer := 1;
    v_last integer;
    v_wait timestamptz;
    v_turns timestamptz[];
    v_taken timestamptz[];
    v_line resque.lines;
    v_turn timestamptz;
    v_jumps boolean;
    v_from timestamptz;
    v_free timestamptz;
    v_span interval;
    v_count integer := (select count(distinct n.name) from unnest(p_names) n (name));
    v_locked integer;
begin
    -- Whoever claims several names waits for them in their order.
    loop
        insert into resque.lines (name) select distinct n.name collate "C" from unnest(p_names) n (name)
        order by 1 on conflict do nothing;
        perform from resque.lines l where l.name = any (p_names) order by l.name for update;
        get diagnostics v_locked = row_count;
        -- One may have been forgotten in between.
        exit when v_locked = v_count;
    end loop;
    -- And so for those that are freed, which pushes lock in their order.
    if array_remove(p_frees, null) <> '{}' then
        perform from resque.leases l
        join unnest(p_frees, p_freed_holders) f (name, holder)
            on f.name = l.name and f.holder = l.holder
        order by l.name, l.holder for update of l;
    end if;
    for c in 1 .. cardinality(p_jobs) loop
        v_last := v_next + p_needs[c] - 1;
        v_wait := null;
        v_turns := '{}';
        v_taken := '{}';
        for n in v_next .. v_last loop
            select * into v_line from resque.lines l where l.name = p_names[n];
            select t.turn into v_turn from resque.turns t where t.name = p_names[n] and t.job = p_jobs[c];
            v_jumps := v_line.line > p_now
                and coalesce(v_turn + p_kept * interval '1 microsecond' < p_now, true);
            v_span := p_span[n] * interval '1 microsecond';
            if p_until[n] is not null then
                if not exists (
                    select from resque.leases l
                    where l.name = p_names[n] and l.holder = p_holders[n] and l.until > p_now
                ) and (v_jumps or p_of[n] <= (
                    select count(*) from resque.leases l where l.name = p_names[n] and l.until > p_now
                )) then
                    v_turns[n] := greatest(v_line.line, p_now) + v_span;
                end if;
            else
                -- One that comes to its turn a little late does not hold up those behind it.
                v_from := case when v_turn <= p_now
                    then greatest(v_turn, p_now - p_late * interval '1 microsecond') else p_now end;
                v_from := greatest(v_line.taken, v_from);
                v_free := v_from - v_span * (p_of[n] - 1);
                v_taken[n] := v_from + v_span;
                if v_jumps or v_free > p_now then
                    v_turns[n] := case when v_line.line > p_now
                        then greatest(v_line.line + v_span, v_free) else v_free end;
                end if;
            end if;
            if v_turns[n] is not null then
                v_turns[n] := least(v_turns[n], p_now + p_longest * interval '1 microsecond');
                v_wait := greatest(v_wait, v_turns[n]);
            end if;
        end loop;
        if v_wait is not null then
            v_answers[c] := v_wait;
            update resque.lines l set line = greatest(l.line, v_turns[n])
            from generate_series(v_next, v_last) n
            where l.name = p_names[n] and v_turns[n] is not null;
            insert into resque.turns as t (name, job, turn)
            select p_names[n], p_jobs[c], max(v_turns[n]) from generate_series(v_next, v_last) n
            where v_turns[n] is not null group by 1
            on conflict (name, job) do update set turn = excluded.turn;
        else
            update resque.lines l set taken = v_taken[n] from generate_series(v_next, v_last) n
            where l.name = p_names[n] and v_taken[n] is not null;
            insert into resque.leases as l (name, holder, until)
            select p_names[n], p_holders[n], max(p_until[n]) from generate_series(v_next, v_last) n
            where p_until[n] is not null group by 1, 2
            on conflict (name, holder) where not is_lock
                do update set until = greatest(l.until, excluded.until);
            delete from resque.leases l where l.name = p_frees[c] and l.holder = p_freed_holders[c];
        end if;
        v_next := v_last + 1;
    end loop;
    perform resque.forget_leases(p_now), resque.forget_lines(p_now);
    return v_answers;
end $$;
