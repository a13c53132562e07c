//! G1 in random histories: a tiny model says what must be where after every step.

use crate::model::{Scope, histories};

cases! {
    g1_histories: Conservation;

    /// Any history of pushes, exchanges, pops, retries and edits ends as the model says.
    async fn random_histories_end_as_the_model_says(world: &World) -> Verdict {
        histories(world, Scope::default()).await
    }

    /// So does any history with lost replies, crashed workers and janitors.
    async fn random_histories_with_deaths_end_as_the_model_says(world: &World) -> Verdict {
        let scope = Scope {
            deaths: true,
            ..Scope::default()
        };
        histories(world, scope).await
    }

    /// So does any history with jobs that wait for their time.
    #[needs(delayed)]
    async fn random_histories_with_delays_end_as_the_model_says(world: &World) -> Verdict {
        let scope = Scope {
            delayed: true,
            ..Scope::default()
        };
        histories(world, scope).await
    }

    /// So does any history in which everything may happen.
    #[needs(delayed, control)]
    async fn random_histories_of_everything_end_as_the_model_says(world: &World) -> Verdict {
        let scope = Scope {
            delayed: true,
            control: true,
            deaths: true,
            ..Scope::default()
        };
        histories(world, scope).await
    }

    /// So does any history in which jobs are lent besides.
    #[needs(delayed, control, loans)]
    async fn random_histories_with_loans_end_as_the_model_says(world: &World) -> Verdict {
        let scope = Scope {
            delayed: true,
            control: true,
            deaths: true,
            loans: true,
        };
        histories(world, scope).await
    }
}
