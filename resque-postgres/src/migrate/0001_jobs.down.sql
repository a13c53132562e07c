drop function resque.retry_failure, resque.promote, resque.edit, resque.unregister, resque.exchange,
    resque.is_outdated, resque.pop, resque.take, resque.reserve, resque.push_one, resque.push,
    resque.record_failures, resque.put_in_front, resque.queue_ids, resque.wake, resque.count_failures,
    resque.count_no_failures, resque.add_up_failures, resque.forget_sleepers, resque.sight,
    resque.most_bytes cascade;
drop table resque.sleepers, resque.settings, resque.counters, resque.failure_counts, resque.failures,
    resque.delayed, resque.workers, resque.jobs, resque.queues;
drop type resque.taken;
drop sequence resque.back, resque.front, resque.numbers;
