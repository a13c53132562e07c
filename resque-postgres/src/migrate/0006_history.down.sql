drop table resque.history;
