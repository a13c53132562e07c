-- What is lent goes back to its queue first.
select resque.put_back('infinity', 9223372036854775807);
drop function resque.unregister_http, resque.register_http, resque.push_once, resque.extend_loans,
    resque.settle_loans, resque.count_http, resque.lend, resque.put_back, resque.job_digest;
drop table resque.http_counts, resque.http_worker_queues, resque.http_workers, resque.losses, resque.loans;
