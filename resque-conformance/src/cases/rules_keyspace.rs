//! Naming and listing the keys of a namespace.

use crate::store::Store;

async fn sorted_keys(store: &Store) -> crate::Verdict<Vec<String>> {
    let mut keys = store.keyspace()?.keys().await?;
    keys.sort_unstable();
    Ok(keys)
}

cases! {
    rules_keyspace: Rules;

    /// A key is its parts joined by colons behind the namespace.
    #[needs(keyspace)]
    async fn a_key_is_its_parts_behind_the_namespace(world: &World) -> Verdict {
        let store = world.store();
        let keyspace = store.keyspace()?;
        let namespace = keyspace.namespace();
        ensure_eq!(
            keyspace.key(&["queue", "mail"]),
            format!("{namespace}:queue:mail"),
            "two parts"
        );
        ensure_eq!(
            keyspace.key(&["a:b"]),
            format!("{namespace}:a:b"),
            "one part"
        );
        Ok(())
    }

    /// A new store has no keys.
    #[needs(keyspace)]
    async fn a_new_store_has_no_keys(world: &World) -> Verdict {
        ensure_eq!(
            sorted_keys(&world.store()).await?,
            Vec::<String>::new(),
            "the keys"
        );
        Ok(())
    }

    /// Keys are listed without the namespace.
    #[needs(keyspace)]
    async fn keys_are_listed_without_the_namespace(world: &World) -> Verdict {
        let store = world.store();
        store.push("mail", [1]).await?;
        store.fail("mail", 2).await?;
        let keys = sorted_keys(&store).await?;
        ensure!(!keys.is_empty(), "there are no keys");
        let prefix = format!("{}:", store.keyspace()?.namespace());
        let with: Vec<_> = keys.iter().filter(|key| key.starts_with(&prefix)).collect();
        ensure!(with.is_empty(), "keys with the namespace: {with:?}");
        Ok(())
    }

    /// Each key is listed once.
    #[needs(keyspace)]
    async fn each_key_is_listed_once(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out("mail", 0..20).await?;
        store.push("news", 0..20).await?;
        let keys = sorted_keys(&store).await?;
        let mut once = keys.clone();
        once.dedup();
        ensure_eq!(keys, once, "the keys");
        Ok(())
    }

    /// A store that was cleared has no keys.
    #[needs(keyspace)]
    async fn a_cleared_store_has_no_keys(world: &World) -> Verdict {
        let store = world.store();
        store.hand_out_one("mail", 1).await?;
        store.fail("mail", 2).await?;
        store.queues().clear().await?;
        ensure_eq!(sorted_keys(&store).await?, Vec::<String>::new(), "the keys");
        Ok(())
    }

    /// Keys of another namespace are not listed.
    #[needs(keyspace, neighbour)]
    async fn keys_of_neighbours_are_not_listed(world: &World) -> Verdict {
        let (store, neighbour) = (world.store(), world.next_door()?);
        neighbour.push("mail", [1]).await?;
        ensure_eq!(sorted_keys(&store).await?, Vec::<String>::new(), "the keys");
        ensure!(
            !sorted_keys(&neighbour).await?.is_empty(),
            "the neighbour has no keys"
        );
        Ok(())
    }
}
