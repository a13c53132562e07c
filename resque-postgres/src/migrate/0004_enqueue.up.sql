-- Enqueuing a job from plain SQL: by a program in another language, a trigger, a person. The job exists if and
-- only if the transaction commits.
--
-- What enqueues runs with the rights of its owner, so that who may call it needs no others; that it is called
-- at all is granted to nobody yet.

-- The payload of a job, if it can be one. `args` is a JSON array and is kept as it is written.
create function resque.payload_of(queue text, class text, args text) returns bytea
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_kind text;
begin
    if queue is null or class is null or args is null then
        raise exception 'the % of a job is null',
            case when queue is null then 'queue' when class is null then 'class' else 'args' end
        using errcode = 'null_value_not_allowed',
            hint = 'Name a queue and a class; leave args out if there are none.';
    end if;
    if octet_length(convert_to(queue, 'UTF8')) not between 1 and 255
        or queue ~ '[,\u0001-\u001f\u007f-\u009f]' then
        raise exception '% is no queue name', to_json(queue)
        using errcode = 'invalid_parameter_value',
            hint = 'A queue name has 1 to 255 bytes, no comma and no control characters.';
    end if;
    if class = '' then
        raise exception 'a job for the queue % has no class', to_json(queue)
        using errcode = 'invalid_parameter_value',
            hint = 'Name the class whose handler performs the job.';
    end if;
    begin
        v_kind := json_typeof(args::json);
    exception when invalid_text_representation then
        raise exception 'the args of % are no JSON: %', to_json(class), sqlerrm
        using errcode = 'invalid_parameter_value', hint = 'Write a JSON array, such as [44, "main"].';
    end;
    if v_kind <> 'array' then
        raise exception 'the args of % are of the JSON type %, expected an array', to_json(class), v_kind
        using errcode = 'invalid_parameter_value',
            hint = 'Put them into an array, for example with jsonb_build_array.';
    end if;
    return convert_to(format('{"class":%s,"args":%s}', to_json(class), args), 'UTF8');
end $$;

create function resque.enqueue(queue text, class text, args text default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_payload bytea := resque.payload_of(queue, class, args);
begin
    perform resque.push_one(queue, v_payload);
end $$;
create function resque.enqueue(queue text, class text, args json) returns void language sql as $$
    select resque.enqueue(queue, class, args::text)
$$;
create function resque.enqueue(queue text, class text, args jsonb) returns void language sql as $$
    select resque.enqueue(queue, class, args::text)
$$;

-- The same, for a time before which nobody gets the job. A time that has passed is at once.
create function resque.enqueue(queue text, class text, args text, due timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_payload bytea := resque.payload_of(queue, class, args);
begin
    if due is null or not isfinite(due) then
        raise exception 'the job % is due at no time: %', to_json(class), coalesce(due::text, 'null')
        using errcode = case when due is null then 'null_value_not_allowed'
                else 'invalid_parameter_value' end,
            hint = 'Name a time, such as now() + interval ''5 minutes''; leave it out for a job that is not to wait.';
    end if;
    if due <= clock_timestamp() then
        perform resque.push_one(queue, v_payload);
    else
        perform resque.push('{}', '{}', '{}', array[queue], array[due], array[v_payload]);
    end if;
end $$;
create function resque.enqueue(queue text, class text, args json, due timestamptz) returns void
language sql as $$
    select resque.enqueue(queue, class, args::text, due)
$$;
create function resque.enqueue(queue text, class text, args jsonb, due timestamptz) returns void
language sql as $$
    select resque.enqueue(queue, class, args::text, due)
$$;

revoke all on function resque.payload_of(text, text, text),
    resque.enqueue(text, text, text), resque.enqueue(text, text, json), resque.enqueue(text, text, jsonb),
    resque.enqueue(text, text, text, timestamptz), resque.enqueue(text, text, json, timestamptz),
    resque.enqueue(text, text, jsonb, timestamptz) from public;
