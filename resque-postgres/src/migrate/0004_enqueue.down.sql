drop function resque.enqueue(text, text, text), resque.enqueue(text, text, json),
    resque.enqueue(text, text, jsonb), resque.enqueue(text, text, text, timestamptz),
    resque.enqueue(text, text, json, timestamptz), resque.enqueue(text, text, jsonb, timestamptz),
    resque.payload_of;
