//! Schedules: storing them, switching them on and off, and leading.

use resque_core::{Fired, NewSchedule};

use crate::schedule::{HOURLY, named, new};

cases! {
    rules_schedules: Rules;

    /// A new store knows no schedule.
    #[needs(schedules)]
    async fn a_new_store_knows_no_schedule(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(store.schedules()?.list().await?.entries, [], "schedules");
        ensure_eq!(store.schedules()?.remove(&[named("none")]).await?, [false], "what was known");
        Ok(())
    }

    /// Schedules are stored together and listed by name, each definition byte for byte.
    #[needs(schedules)]
    async fn definitions_come_back_byte_for_byte(world: &World) -> Verdict {
        let store = world.store();
        let texts = [
            ("send emails", r#"{ "class":"Mail", "args":[12345678901234567890, 1.50, "ü"] }"#),
            ("daily: ü", "{\"every\":[\"1d\",{\"first_in\":\"5m\"}],\"x\":null}\n"),
        ];
        let batch = texts.map(|(name, text)| NewSchedule {
            definition: text.into(),
            ..new(name, HOURLY)
        });
        store.schedules()?.put(&batch, store.at(0)).await?;
        let listing = world.twin().await?.schedules()?.list().await?;
        let names: Vec<_> = listing.entries.iter().map(|entry| entry.name.as_str()).collect();
        ensure_eq!(names, ["daily: ü", "send emails"], "names");
        for (name, text) in texts {
            let definition = store.entry(name).await?.definition;
            ensure_eq!(definition.as_deref(), Some(text.as_bytes()), "the definition of {name}");
        }
        Ok(())
    }

    /// A schedule that is stored under a known name replaces the other one.
    #[needs(schedules)]
    async fn a_stored_schedule_replaces_its_namesake(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        let other = new("nightly", "every 5m");
        store.schedules()?.put(std::slice::from_ref(&other), store.at(0)).await?;
        let listing = store.schedules()?.list().await?;
        ensure_eq!(listing.entries.len(), 1, "schedules");
        let definition = store.entry("nightly").await?.definition;
        ensure_eq!(definition, Some(other.definition), "the definition");
        Ok(())
    }

    /// A schedule that is removed is known no more, and only that one.
    #[needs(schedules)]
    async fn a_removed_schedule_is_forgotten(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.put_hourly("hourly", 0).await?;
        store.fire("nightly", 1, 1).await?;
        let names = [named("nightly"), named("none")];
        ensure_eq!(store.schedules()?.remove(&names).await?, [true, false], "what was known");
        let listing = store.schedules()?.list().await?;
        let names: Vec<_> = listing.entries.iter().map(|entry| entry.name.as_str()).collect();
        ensure_eq!(names, ["hourly"], "schedules");
        Ok(())
    }

    /// A schedule is on until it is switched off, or stored as switched off.
    #[needs(schedules)]
    async fn the_list_says_what_is_switched_off(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        let off = NewSchedule { enabled: false, ..new("hourly", HOURLY) };
        let definition = off.definition.clone();
        store.schedules()?.put(&[off], store.at(0)).await?;
        ensure!(store.entry("nightly").await?.enabled, "nightly is off");
        ensure!(!store.entry("hourly").await?.enabled, "hourly is on");
        store.switch("nightly", false, 0).await?;
        store.switch("hourly", true, 0).await?;
        ensure!(!store.entry("nightly").await?.enabled, "nightly is on");
        ensure!(store.entry("hourly").await?.enabled, "hourly is off");
        ensure_eq!(store.entry("hourly").await?.definition, Some(definition), "its definition");
        Ok(())
    }

    /// A schedule that is not stored can be switched off before it begins, and on again.
    #[needs(schedules)]
    async fn a_schedule_that_is_not_stored_can_be_switched_off(world: &World) -> Verdict {
        let store = world.store();
        store.switch("declared", false, 0).await?;
        ensure!(!store.entry("declared").await?.enabled, "it is on");
        store.begin_hourly("declared", 0).await?;
        ensure_eq!(store.fire("declared", 1, 1).await?, Fired::Disabled, "what is fired");
        store.switch("declared", true, 1).await?;
        ensure_eq!(store.fire("declared", 2, 2).await?, Fired::Fired, "what is fired");
        ensure_eq!(store.entry("declared").await?.definition, None, "its definition");
        Ok(())
    }

    /// Switching on what is not known does nothing.
    #[needs(schedules)]
    async fn switching_on_what_is_not_known_does_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.switch("none", true, 0).await?;
        ensure_eq!(store.schedules()?.list().await?.entries, [], "schedules");
        Ok(())
    }

    /// One process leads at a time.
    #[needs(schedules)]
    async fn one_process_leads(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        let lead = store.lead("a:1", 0).await?;
        ensure_eq!((lead.leads, lead.master, &*lead.leader), (true, true, "a:1"), "the first claim");
        let lead = twin.lead("b:2", 5).await?;
        ensure_eq!((lead.leads, lead.master, &*lead.leader), (false, false, "a:1"), "the second");
        ensure!(store.lead("a:1", 6).await?.leads, "the leader does not lead any more");
        Ok(())
    }

    /// Another process takes over when the time of the leader has run out, not before.
    #[needs(schedules)]
    async fn a_silent_leader_is_followed_by_another(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.lead("a:1", 0).await?;
        store.lead("a:1", 5).await?;
        ensure!(!twin.lead("b:2", 14).await?.leads, "too early");
        ensure!(twin.lead("b:2", 15).await?.leads, "not taken over");
        ensure!(!store.lead("a:1", 16).await?.leads, "two lead");
        Ok(())
    }

    /// A leader that steps down is followed at once; nobody else can step down for it.
    #[needs(schedules)]
    async fn a_leader_steps_down_for_itself(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.lead("a:1", 0).await?;
        twin.schedules()?.step_down("b:2").await?;
        ensure!(!twin.lead("b:2", 1).await?.leads, "two lead");
        store.schedules()?.step_down("a:1").await?;
        ensure!(twin.lead("b:2", 1).await?.leads, "not taken over");
        Ok(())
    }

    /// Who leads can be asked without claiming anything; nobody does after the leader's time.
    #[needs(schedules)]
    async fn looking_tells_who_leads(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        let leader = async |seconds| twin.leading(seconds).await.map(|leading| leading.leader);
        ensure_eq!(leader(0).await?, None, "the leader of a new store");
        let first = store.lead("a:1", 0).await?;
        ensure_eq!(leader(9).await?.as_deref(), Some("a:1"), "the leader");
        ensure_eq!(twin.leading(9).await?.version, first.version, "the version");
        ensure_eq!(leader(10).await?, None, "the leader after its time");
        ensure!(twin.lead("b:2", 10).await?.leads, "not taken over");
        ensure_eq!(leader(10).await?.as_deref(), Some("b:2"), "the next leader");
        twin.schedules()?.step_down("b:2").await?;
        ensure_eq!(leader(11).await?, None, "the leader after it stepped down");
        Ok(())
    }

    /// Whoever claims to lead learns that schedules were changed, by whomever, and only then.
    #[needs(schedules)]
    async fn a_change_of_schedules_shows(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.begin_hourly("declared", 0).await?;
        let mut version = store.lead("a:1", 0).await?.version;
        store.fire("declared", 1, 1).await?;
        ensure_eq!(store.lead("a:1", 0).await?.version, version, "the version after a firing");
        for change in 0..4 {
            match change {
                0 => twin.put_hourly("nightly", 0).await?,
                1 => twin.switch("nightly", false, 0).await?,
                2 => twin.switch("nightly", true, 0).await?,
                _ => twin.schedules()?.remove(&[named("nightly")]).await.map(drop)?,
            }
            let now = store.lead("a:1", 0).await?.version;
            ensure!(now != version, "change {change} does not show");
            let seen = store.leading(0).await?.version;
            ensure_eq!(seen, now, "the version to somebody who looks after change {change}");
            version = now;
        }
        Ok(())
    }

    /// Clearing a store forgets its schedules and who leads.
    #[needs(schedules)]
    async fn a_clear_forgets_schedules(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.switch("declared", false, 0).await?;
        store.lead("a:1", 0).await?;
        store.queues().clear().await?;
        ensure_eq!(store.schedules()?.list().await?.entries, [], "schedules");
        ensure!(store.lead("b:2", 1).await?.leads, "somebody leads still");
        Ok(())
    }

    /// The schedules of one namespace are none of another's business.
    #[needs(schedules, neighbour)]
    async fn the_neighbours_schedules_are_not_ours(world: &World) -> Verdict {
        let (store, next_door) = (world.store(), world.next_door()?);
        store.put_hourly("nightly", 0).await?;
        store.lead("a:1", 0).await?;
        ensure_eq!(next_door.schedules()?.list().await?.entries, [], "schedules next door");
        ensure!(next_door.lead("b:2", 0).await?.leads, "our leader leads next door");
        next_door.put_hourly("nightly", 0).await?;
        store.fire("nightly", 1, 1).await?;
        ensure_eq!(next_door.fire("nightly", 1, 1).await?, Fired::Fired, "what fires next door");
        Ok(())
    }
}
