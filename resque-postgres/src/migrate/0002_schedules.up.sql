-- Recurring schedules: what is stored of them, up to which time their ticks are settled, and which process
-- fires them.

create table resque.schedules (
    name text collate "C" primary key,
    -- Null for one that only a program declares.
    definition bytea,
    enabled boolean not null default true,
    -- Since it has begun: when it runs, in one line, and up to which time its ticks are settled.
    timing text,
    settled timestamptz,
    last_fired timestamptz,
    check ((timing is null) = (settled is null))
) with (fillfactor = 50);

-- Who fires schedules, and how often people changed them.
create table resque.schedule_lead (
    only_row boolean primary key default true check (only_row),
    holder text,
    until timestamptz,
    changes bigint not null default 0
) with (fillfactor = 50);
insert into resque.schedule_lead default values;

create function resque.schedules_changed() returns void language sql as $$
    update resque.schedule_lead set changes = changes + 1
$$;

-- Stores schedules, all or none.
create function resque.put_schedules(
    p_names text[], p_definitions bytea[], p_timings text[], p_enabled boolean[], p_now timestamptz
) returns void language plpgsql as $$
begin
    insert into resque.schedules as s (name, definition, timing, enabled, settled)
    select distinct on (n.name collate "C") n.name collate "C", n.definition, n.timing, n.enabled, p_now
    from unnest(p_names, p_definitions, p_timings, p_enabled) with ordinality
        n (name, definition, timing, enabled, ord)
    order by n.name collate "C", n.ord desc
    on conflict (name) do update set
        definition = excluded.definition, timing = excluded.timing, enabled = excluded.enabled,
        settled = case when s.timing = excluded.timing and (s.enabled or not excluded.enabled) then s.settled
            else greatest(s.settled, p_now) end;
    perform resque.schedules_changed();
end $$;

-- Switches schedules on or off; of one that is not known only that it is off is worth a row.
create function resque.enable_schedules(p_names text[], p_enabled boolean, p_now timestamptz)
returns void language plpgsql as $$
begin
    if p_enabled then
        perform from resque.schedules s where s.name = any (p_names) order by s.name for update;
        update resque.schedules s set
            enabled = true, settled = case when s.timing is not null then greatest(s.settled, p_now) end
        where s.name = any (p_names) and not s.enabled;
    else
        insert into resque.schedules as s (name, enabled)
        select distinct n.name collate "C", false from unnest(p_names) n (name) order by 1
        on conflict (name) do update set enabled = false where s.enabled;
    end if;
    perform resque.schedules_changed();
end $$;

-- Claims to be the process that fires schedules, unless another one is.
create function resque.lead_schedules(
    p_holder text, p_now timestamptz, p_until timestamptz, out leads boolean, out leader text, out changes bigint
) language plpgsql as $$
begin
    update resque.schedule_lead l set holder = p_holder, until = p_until
    where l.holder is null or l.holder = p_holder or l.until <= p_now;
    select l.holder = p_holder, l.holder, l.changes into leads, leader, changes from resque.schedule_lead l;
end $$;

-- Begins to follow schedules, and answers up to which time the ticks of each are settled.
create function resque.begin_schedules(p_names text[], p_timings text[], p_now timestamptz)
returns timestamptz[] language plpgsql as $$
begin
    insert into resque.schedules as s (name, timing, settled)
    select distinct on (n.name collate "C") n.name collate "C", n.timing, p_now
    from unnest(p_names, p_timings) with ordinality n (name, timing, ord)
    order by n.name collate "C", n.ord desc
    on conflict (name) do update set timing = excluded.timing, settled = greatest(s.settled, p_now)
    where s.timing is distinct from excluded.timing;
    return array(
        select s.settled from unnest(p_names) with ordinality n (name, ord)
        join resque.schedules s on s.name = n.name
        order by n.ord);
end $$;

-- Fires ticks, each at most once: settles the tick and pushes the job in one step. Answers of each 1 fired,
-- 0 settled already, -1 changed, -2 switched off; and up to which time ticks are settled.
create function resque.fire(
    p_names text[], p_timings text[], p_ticks timestamptz[], p_stored boolean[],
    p_queues text[], p_payloads bytea[], p_now timestamptz, out states integer[], out settled timestamptz[]
) language plpgsql as $$
declare
    v_known resque.schedules;
    v_state integer;
    v_queues text[] := '{}';
    v_payloads bytea[] := '{}';
    v_names text[];
begin
    states := '{}'; settled := '{}';
    -- In one order, so that two who fire the same do not wait for each other.
    perform from resque.schedules s where s.name = any (p_names) order by s.name for update;
    for i in 1 .. cardinality(p_names) loop
        select * into v_known from resque.schedules s where s.name = p_names[i];
        v_state := case
            when not found then -1
            when not v_known.enabled then -2
            when v_known.timing is distinct from p_timings[i] then -1
            when p_stored[i] and v_known.definition is null then -1
            when v_known.settled >= p_ticks[i] then 0
            else 1 end;
        if v_state = 1 then
            update resque.schedules s set
                settled = p_ticks[i],
                last_fired = case when p_queues[i] is null then s.last_fired else p_now end
            where s.name = p_names[i];
            if p_queues[i] is not null then
                v_queues := v_queues || p_queues[i];
                v_payloads := v_payloads || p_payloads[i];
            end if;
        end if;
        states := states || v_state;
        settled := settled || v_known.settled;
    end loop;
    -- All at once, so that queues that have to be made are made in one order too.
    if v_queues <> '{}' then
        v_names := array(select distinct q.name from unnest(v_queues) q (name));
        perform resque.push(v_names,
            array(select array_position(v_names, q.name)
                from unnest(v_queues) with ordinality q (name, ord) order by q.ord),
            v_payloads, '{}', '{}', '{}');
    end if;
end $$;
