-- What is lent goes back to its queue first.
select resque.put_back('infinity', 9223372036854775807);
drop function resque.unregister_http, resque.register_http, resque.push_once, resque.extend_loans,
    resque.settle_loans, resque.count_http, resque.add_up_http, resque.lend, resque.put_back, resque.job_digest;
-- What was counted stays counted.
insert into resque.counters as c (name, value)
select s.name, sum(s.share) from resque.count_shares s group by s.name
on conflict (name) do update set value = c.value + excluded.value;
drop table resque.count_shares, resque.http_counts, resque.http_worker_queues, resque.http_workers,
    resque.losses, resque.loans;
