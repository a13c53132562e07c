drop function resque.enqueue(text, text, text, timestamptz), resque.enqueue(text, text, json, timestamptz),
    resque.enqueue(text, text, jsonb, timestamptz);

-- As the version before made it.
create or replace function resque.enqueue(queue text, class text, args text default '[]') returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
    perform resque.push(array[queue], array[1],
        array[convert_to(format('{"class":%s,"args":%s}', to_json(class), args), 'UTF8')],
        '{}', '{}', '{}');
end $$;
drop function resque.payload_of;
