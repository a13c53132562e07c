//! What was declared is what there is.

use crate::Ability;

/// What was declared and what there is must agree, in both directions.
fn agrees(world: &crate::World, ability: Ability) -> crate::Verdict {
    let (declared, offered) = (
        world.declared().offers(ability),
        ability.is_offered_by(world),
    );
    ensure_eq!(
        offered,
        declared,
        "`{ability}` is offered, against its declaration"
    );
    Ok(())
}

cases! {
    rules_declaration: Rules;

    /// The abilities of the backend are those that were declared.
    async fn the_declared_abilities_are_offered(world: &World) -> Verdict {
        for ability in [
            Ability::Waiting,
            Ability::Delayed,
            Ability::Control,
            Ability::Schedules,
            Ability::Keyspace,
            Ability::Limits,
            Ability::Cancel,
            Ability::History,
            Ability::Loans,
            Ability::HttpWorkers,
        ] {
            agrees(world, ability)?;
        }
        Ok(())
    }

    /// Batches are atomic if that was declared.
    async fn the_declared_facts_are_told(world: &World) -> Verdict {
        agrees(world, Ability::AtomicBatch)?;
        let name = world.backend().queues().info().name;
        ensure!(!name.trim().is_empty(), "the backend has no name");
        Ok(())
    }

    /// The worlds offer what was declared for them.
    async fn the_declared_worlds_are_offered(world: &World) -> Verdict {
        for ability in [Ability::Neighbour, Ability::Outage, Ability::Plant] {
            agrees(world, ability)?;
        }
        Ok(())
    }

    /// A second connection offers what the first one does.
    async fn a_second_connection_offers_the_same(world: &World) -> Verdict {
        let (first, second) = (world.store(), world.twin().await?);
        let offers = |store: &crate::store::Store| {
            let queues = store.queues();
            let abilities = (queues.waiting().is_some(), queues.delayed().is_some());
            (
                queues.info(),
                abilities,
                queues.control().is_some(),
                queues.keyspace().is_some(),
                (queues.limits().is_some(), queues.cancel().is_some()),
                queues.history().is_some(),
                (queues.loans().is_some(), queues.http_workers().is_some()),
            )
        };
        ensure_eq!(offers(&second), offers(&first), "what is offered");
        Ok(())
    }

    /// A store begins empty.
    async fn a_world_begins_empty(world: &World) -> Verdict {
        let snapshot = crate::snapshot::Snapshot::of(&world.store()).await?;
        ensure!(snapshot.is_empty(), "found {snapshot:#?}");
        Ok(())
    }
}
