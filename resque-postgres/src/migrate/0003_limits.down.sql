drop function resque.claim, resque.renew_leases, resque.change_leases, resque.push_locked, resque.lock,
    resque.forget_leases, resque.forget_lines;
alter table resque.workers drop column cancelled;
drop table resque.turns, resque.lines, resque.leases;
