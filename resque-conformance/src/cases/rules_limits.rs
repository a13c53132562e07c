//! Places and tokens that jobs claim before they start.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use resque_core::testing::{Fault, Operation};
use resque_core::{
    Claim, Claimed, LONGEST_TURN, Lease, LeaseChanges, Need, Rate, Settlement, TURN_KEPT,
};

use crate::race::race;
use crate::store::Store;
use crate::{Verdict, verdict::Broken};

/// A claim of the job with this number, which runs on the worker of that number.
fn claim(number: u64, needs: Vec<Need>) -> Claim {
    Claim {
        job: format!("job-{number}").into(),
        needs,
        frees: None,
    }
}

fn lease(name: &str, number: u64) -> Lease {
    Lease::new(name, format!("worker-{number}"))
}

/// A token that comes every ten seconds.
fn token(name: &str, burst: u32) -> Need {
    Need::Token {
        name: name.into(),
        rate: Rate::new(1, Duration::from_secs(10)).burst(burst),
    }
}

impl Store {
    /// One of so many places, until a second of the world.
    fn place(&self, name: &str, number: u64, of: u32, until: u64) -> Need {
        Need::Place {
            lease: lease(name, number).until(self.at(until)),
            of,
            apart: Duration::from_secs(2),
        }
    }

    /// What comes of one claim.
    async fn claims(&self, claim: Claim, at: u64) -> Verdict<Claimed> {
        let answers = self.limits()?.claim(&[claim], self.at(at)).await?;
        match answers[..] {
            [answer] => Ok(answer),
            _ => Err(Broken::new(format!("answers to one claim: {answers:?}"))),
        }
    }

    /// What comes of a claim for a place of "p" that lasts a hundred seconds.
    async fn claims_place(&self, number: u64, of: u32, at: u64) -> Verdict<Claimed> {
        let place = self.place("p", number, of, at + 100);
        self.claims(claim(number, vec![place]), at).await
    }

    /// What comes of a claim for a token.
    async fn claims_token(&self, number: u64, burst: u32, at: u64) -> Verdict<Claimed> {
        self.claims(claim(number, vec![token("t", burst)]), at)
            .await
    }

    /// The seconds of the world to which somebody was sent.
    fn seconds(&self, claimed: Claimed) -> Verdict<u64> {
        match claimed {
            Claimed::Wait(time) => self.second_of(time),
            Claimed::Granted => Err(Broken::new("the claim was granted")),
        }
    }

    fn second_of(&self, time: SystemTime) -> Verdict<u64> {
        let since = time.duration_since(self.at(0));
        let since = since.map_err(|_| Broken::new(format!("{time:?} lies before the world")))?;
        Ok(since.as_secs())
    }

    /// Who holds places of a name.
    async fn holders(&self, name: &str, at: u64) -> Verdict<Vec<String>> {
        let leases = self.limits()?.leases(name, self.at(at)).await?;
        let holders = leases
            .iter()
            .map(|renewal| renewal.lease.holder.to_string());
        Ok(holders.collect())
    }
}

cases! {
    rules_limits: Rules;

    /// As many claims are granted as there are places; the others are sent to a later time.
    #[needs(limits)]
    async fn places_are_given_until_there_are_none(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 2] {
            let claimed = store.claims_place(number, 2, 0).await?;
            ensure_eq!(claimed, Claimed::Granted, "claim {number}");
        }
        let refused = store.claims_place(3, 2, 0).await?;
        ensure_eq!(store.seconds(refused)?, 2, "the second to wait for");
        ensure_eq!(store.holders("p", 0).await?, ["worker-1", "worker-2"], "who holds places");
        Ok(())
    }

    /// Who has a place is granted it again, and has still one: the reply may have been lost.
    #[needs(limits)]
    async fn a_place_is_granted_again_to_its_holder(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        faults.next(Operation::Claim, Fault::ReplyLost);
        let lost = lossy.claims_place(1, 2, 0).await;
        ensure!(lost.is_err(), "the reply was to be lost");
        ensure_eq!(lossy.claims_place(1, 2, 0).await?, Claimed::Granted, "the same again");
        ensure_eq!(store.claims_place(2, 2, 0).await?, Claimed::Granted, "the other place");
        ensure_eq!(lossy.claims_place(1, 2, 0).await?, Claimed::Granted, "when all are taken");
        Ok(())
    }

    /// A place is free again as soon as its holder gives it up, and not before.
    #[needs(limits)]
    async fn a_freed_place_is_given_again(world: &World) -> Verdict {
        let store = world.store();
        store.claims_place(1, 1, 0).await?;
        ensure_eq!(store.limits()?.free(&[lease("p", 2)]).await?, 0, "what a stranger frees");
        store.claims_place(2, 1, 0).await?;
        ensure_eq!(store.limits()?.free(&[lease("p", 1)]).await?, 1, "what the holder frees");
        ensure_eq!(store.claims_place(2, 1, 2).await?, Claimed::Granted, "the next claim");
        Ok(())
    }

    /// A settlement frees places in its own step, unless it is lost.
    #[needs(limits)]
    async fn a_settlement_frees_a_place(world: &World) -> Verdict {
        let store = world.store();
        let given = store.hand_out_one("mail", 1).await?;
        store.claims_place(1, 1, 0).await?;
        let mut done = Settlement::done(given.receipt);
        done.leases = Some(Box::new(LeaseChanges { free: vec![lease("p", 1)], keep: Vec::new() }));
        store.applies(done.clone()).await?;
        ensure_eq!(store.holders("p", 0).await?, Vec::<String>::new(), "who holds places");
        store.claims_place(1, 1, 0).await?;
        store.is_lost(done).await?;
        ensure_eq!(store.holders("p", 0).await?, ["worker-1"], "after a lost settlement");
        Ok(())
    }

    /// A place whose holder falls silent is free when its time is over, to the second.
    #[needs(limits)]
    async fn a_place_ends_with_its_time(world: &World) -> Verdict {
        let store = world.store();
        let first = store.place("p", 1, 1, 10);
        store.claims(claim(1, vec![first]), 0).await?;
        ensure!(store.claims_place(2, 1, 9).await? != Claimed::Granted, "it ended too soon");
        ensure_eq!(store.holders("p", 9).await?, ["worker-1"], "who holds it");
        ensure_eq!(store.holders("p", 10).await?, Vec::<String>::new(), "who holds it then");
        ensure_eq!(store.claims_place(2, 1, 11).await?, Claimed::Granted, "when it is over");
        Ok(())
    }

    /// What is still held is held on, never for a shorter time, and what is over stays over.
    #[needs(limits)]
    async fn a_renewed_place_is_held_on(world: &World) -> Verdict {
        let store = world.store();
        let first = store.place("p", 1, 1, 10);
        store.claims(claim(1, vec![first]), 0).await?;
        let renew = async |to, at| {
            let renewal = lease("p", 1).until(store.at(to));
            Ok::<_, Broken>(store.limits()?.renew(&[renewal], store.at(at)).await?)
        };
        ensure_eq!(renew(30, 9).await?, [true], "the answer in time");
        ensure_eq!(renew(20, 9).await?, [true], "the answer to a shorter time");
        ensure_eq!(store.holders("p", 29).await?, ["worker-1"], "who holds it");
        ensure_eq!(renew(90, 30).await?, [false], "the answer when it is over");
        ensure_eq!(store.holders("p", 30).await?, Vec::<String>::new(), "who holds it then");
        let stranger = lease("p", 7).until(store.at(90));
        let answer = store.limits()?.renew(&[stranger], store.at(0)).await?;
        ensure_eq!(answer, [false], "the answer to a stranger");
        Ok(())
    }

    /// A bucket gives as many tokens at once as it holds, then one in each interval.
    #[needs(limits)]
    async fn tokens_come_at_their_rate(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 2, 3] {
            let claimed = store.claims_token(number, 3, 0).await?;
            ensure_eq!(claimed, Claimed::Granted, "claim {number}");
        }
        let refused = store.claims_token(4, 3, 0).await?;
        ensure_eq!(store.seconds(refused)?, 10, "the second to wait for");
        ensure!(store.claims_token(4, 3, 9).await? != Claimed::Granted, "it came too soon");
        ensure_eq!(store.claims_token(4, 3, 10).await?, Claimed::Granted, "the next token");
        ensure!(store.claims_token(4, 3, 10).await? != Claimed::Granted, "there were two");
        Ok(())
    }

    /// A bucket that is full gains nothing: a quiet time is worth a burst and not more.
    #[needs(limits)]
    async fn a_full_bucket_gains_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.claims_token(1, 2, 0).await?;
        for number in [2, 3] {
            let claimed = store.claims_token(number, 2, 1_000).await?;
            ensure_eq!(claimed, Claimed::Granted, "claim {number}");
        }
        ensure!(store.claims_token(4, 2, 1_000).await? != Claimed::Granted, "there was more");
        Ok(())
    }

    /// A claim gets all it needs or nothing.
    #[needs(limits)]
    async fn a_claim_gets_everything_or_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.claims_place(1, 1, 0).await?;
        let needs = vec![
            token("t", 1),
            store.place("other", 2, 1, 100),
            store.place("p", 2, 1, 100),
        ];
        let refused = store.claims(claim(2, needs), 0).await?;
        ensure!(refused != Claimed::Granted, "the claim was granted");
        ensure_eq!(store.holders("other", 0).await?, Vec::<String>::new(), "who has a place");
        ensure_eq!(store.claims_token(3, 1, 0).await?, Claimed::Granted, "the token");
        Ok(())
    }

    /// A claim frees the lock of a job that starts, and only when it is granted.
    #[needs(limits)]
    async fn a_granted_claim_frees_a_lock(world: &World) -> Verdict {
        let store = world.store();
        let lock = store.place("lock", 9, 1, 100);
        store.claims(claim(9, vec![lock]), 0).await?;
        store.claims_place(1, 1, 0).await?;
        let starts = |needs| Claim {
            frees: Some(lease("lock", 9)),
            ..claim(9, needs)
        };
        store.claims(starts(vec![store.place("p", 9, 1, 100)]), 0).await?;
        ensure_eq!(store.holders("lock", 0).await?, ["worker-9"], "after a refusal");
        ensure_eq!(store.claims(starts(Vec::new()), 0).await?, Claimed::Granted, "the claim");
        ensure_eq!(store.holders("lock", 0).await?, Vec::<String>::new(), "after the start");
        Ok(())
    }

    /// Claims of a batch are served in their order.
    #[needs(limits)]
    async fn a_batch_of_claims_is_served_in_order(world: &World) -> Verdict {
        let store = world.store();
        let one = |number| claim(number, vec![store.place("p", number, 2, 100)]);
        let batch: Vec<Claim> = [1, 2, 3, 4].map(one).into();
        let answers = store.limits()?.claim(&batch, store.at(0)).await?;
        ensure_eq!(answers[..2], [Claimed::Granted; 2], "the first answers");
        ensure_eq!(answers.len(), 4, "answers");
        let (third, fourth) = (store.seconds(answers[2])?, store.seconds(answers[3])?);
        ensure_eq!((third, fourth), (2, 4), "the seconds to wait for");
        ensure_eq!(store.limits()?.claim(&[], store.at(0)).await?, [], "no claim");
        Ok(())
    }

    /// Each claim of a batch has its answer, however many there are.
    #[needs(limits)]
    async fn each_claim_has_its_answer(world: &World) -> Verdict {
        let store = world.store();
        for size in 1..=6 {
            let name = format!("places for {size}");
            let one = |number| claim(number, vec![store.place(&name, number, 1, 100)]);
            let batch: Vec<Claim> = (0..size).map(one).collect();
            let answers = store.limits()?.claim(&batch, store.at(0)).await?;
            let granted = answers.iter().map(|answer| *answer == Claimed::Granted);
            let first = (0..size).map(|number| number == 0);
            ensure!(granted.eq(first), "{size} claims are answered with {answers:?}");
        }
        Ok(())
    }

    /// Who is refused is sent behind those that were refused before.
    #[needs(limits)]
    async fn who_is_refused_stands_in_line(world: &World) -> Verdict {
        let store = world.store();
        store.claims_token(1, 1, 0).await?;
        let mut turns = Vec::new();
        for number in 2..6 {
            let refused = store.claims_token(number, 1, 0).await?;
            turns.push(store.seconds(refused)?);
        }
        ensure_eq!(turns, [10, 20, 30, 40], "the seconds to wait for");
        Ok(())
    }

    /// Who comes new does not push in before those who stand in line, and they are served when they
    /// come again.
    #[needs(limits)]
    async fn nobody_pushes_in(world: &World) -> Verdict {
        let store = world.store();
        store.claims_place(1, 1, 0).await?;
        store.claims_place(2, 1, 0).await?;
        store.claims_place(3, 1, 0).await?;
        store.limits()?.free(&[lease("p", 1)]).await?;
        let pushing = store.claims_place(4, 1, 1).await?;
        ensure_eq!(store.seconds(pushing)?, 6, "where a new one is sent");
        ensure_eq!(store.claims_place(2, 1, 2).await?, Claimed::Granted, "who waited");
        store.limits()?.free(&[lease("p", 2)]).await?;
        ensure_eq!(store.claims_place(3, 1, 4).await?, Claimed::Granted, "who waited next");
        Ok(())
    }

    /// Who does not come again in time stands in line no more.
    #[needs(limits)]
    async fn a_turn_is_not_kept_for_ever(world: &World) -> Verdict {
        let store = world.store();
        let kept = TURN_KEPT.as_secs();
        store.claims_token(1, 1, 0).await?;
        store.claims_token(2, 1, 0).await?;
        let late = 10 + kept;
        store.claims_token(3, 1, late).await?;
        store.claims_token(4, 1, late).await?;
        let second = store.claims_token(2, 1, late + 1).await?;
        ensure_eq!(store.seconds(second)?, late + 20, "where it is sent");
        Ok(())
    }

    /// Who comes a little late to its turn holds up nobody behind it.
    #[needs(limits)]
    async fn who_comes_a_little_late_holds_up_nobody(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 2, 3] {
            store.claims_token(number, 1, 0).await?;
        }
        let one = |number| claim(number, vec![token("t", 1)]);
        let late = store.at(10) + Duration::from_millis(700);
        let answers = store.limits()?.claim(&[one(2)], late).await?;
        ensure_eq!(answers, [Claimed::Granted], "who comes late");
        ensure_eq!(store.claims_token(3, 1, 20).await?, Claimed::Granted, "who is next");
        let early = store.claims_token(4, 1, 29).await?;
        ensure!(early != Claimed::Granted, "there was a token too many");
        Ok(())
    }

    /// Who comes very late catches up on no more than a moment.
    #[needs(limits)]
    async fn who_comes_very_late_catches_up_on_a_moment(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 2, 3] {
            store.claims_token(number, 1, 0).await?;
        }
        ensure_eq!(store.claims_token(2, 1, 25).await?, Claimed::Granted, "the first one");
        let second = store.claims_token(3, 1, 25).await?;
        ensure!(second != Claimed::Granted, "two were granted at once");
        Ok(())
    }

    /// Nobody is sent further away than the longest turn, however many wait.
    #[needs(limits)]
    async fn nobody_is_sent_too_far_away(world: &World) -> Verdict {
        let store = world.store();
        let batch: Vec<Claim> = (0..100).map(|n| claim(n, vec![token("t", 1)])).collect();
        let answers = store.limits()?.claim(&batch, store.at(0)).await?;
        let last = store.seconds(answers[99])?;
        ensure_eq!(last, LONGEST_TURN.as_secs(), "where the last one is sent");
        Ok(())
    }

    /// Of many claims at the same time as many are granted as there are places and tokens.
    #[needs(limits)]
    async fn racing_claims_never_get_more_than_there_is(world: &World) -> Verdict {
        let granted = |answers: &[Claimed]| {
            answers.iter().filter(|one| **one == Claimed::Granted).count()
        };
        let places = |runner: usize, twin: Store| async move {
            twin.claims_place(runner as u64, 3, 0).await
        };
        ensure_eq!(granted(&race(world, 8, places).await?), 3, "places given");
        let tokens = |runner: usize, twin: Store| async move {
            twin.claims_token(runner as u64, 5, 0).await
        };
        ensure_eq!(granted(&race(world, 8, tokens).await?), 5, "tokens given");
        Ok(())
    }

    /// Of many jobs that are refused at the same time each is sent to a time of its own.
    #[needs(limits)]
    async fn racing_refusals_get_different_turns(world: &World) -> Verdict {
        let store = world.store();
        store.claims_token(99, 1, 0).await?;
        let claim = |runner: usize, twin: Store| async move {
            let refused = twin.claims_token(runner as u64, 1, 0).await?;
            twin.seconds(refused)
        };
        let turns: BTreeSet<u64> = race(world, 8, claim).await?.into_iter().collect();
        let expected: BTreeSet<u64> = (1..=8).map(|n| 10 * n).collect();
        ensure_eq!(turns, expected, "the seconds to wait for");
        Ok(())
    }

    /// Clearing a store forgets places, tokens and lines.
    #[needs(limits)]
    async fn a_clear_forgets_limits(world: &World) -> Verdict {
        let store = world.store();
        for number in [1, 2] {
            store.claims_place(number, 1, 0).await?;
            store.claims_token(number, 1, 0).await?;
        }
        store.queues().clear().await?;
        ensure_eq!(store.claims_place(3, 1, 0).await?, Claimed::Granted, "the place");
        ensure_eq!(store.claims_token(3, 1, 0).await?, Claimed::Granted, "the token");
        Ok(())
    }
}
