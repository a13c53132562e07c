drop function resque.fire, resque.begin_schedules, resque.lead_schedules, resque.enable_schedules,
    resque.put_schedules, resque.schedules_changed;
drop table resque.schedule_lead, resque.schedules;
