//! A table that has little room: on a tiny disk, or by a trigger that says the same.

use resque_testserver::TinyDisk;

use crate::support::Raw;

/// How much one table may hold.
pub(crate) struct LittleRoom {
    table: &'static str,
    /// Nothing where nobody may mount a disk: there the server says that it is full.
    disk: Option<TinyDisk>,
}

impl LittleRoom {
    /// Leaves the table two megabytes, or so many rows where that is simulated.
    pub(crate) async fn on(raw: &mut Raw, table: &'static str, rows: usize) -> Self {
        match TinyDisk::new(2) {
            Ok(disk) => {
                let place = disk.path().display();
                raw.run(&format!("create tablespace tiny location '{place}'"))
                    .await;
                raw.run(&format!("alter table {table} set tablespace tiny"))
                    .await;
                let disk = Some(disk);
                Self { table, disk }
            }
            Err(error) => {
                eprintln!("simulated, because {error}");
                let full = format!(
                    "create function resque.full() returns trigger language plpgsql as $$
                    begin
                        if (select count(*) from {table}) >= {rows} then
                            raise exception 'no space left' using errcode = 'disk_full';
                        end if;
                        return new;
                    end $$;
                    create trigger full_disk before insert on {table}
                        for each row execute function resque.full()"
                );
                raw.run(&full).await;
                Self { table, disk: None }
            }
        }
    }

    /// Somebody makes room.
    pub(crate) async fn ends(&self, raw: &mut Raw) {
        let table = self.table;
        let enough = match self.disk {
            Some(_) => format!("alter table {table} set tablespace pg_default"),
            None => format!("drop trigger full_disk on {table}"),
        };
        raw.run(&enough).await;
    }
}
