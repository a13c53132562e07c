//! What a worker asks of the store, in the words of events, logs and metrics.

/// What was being done when the store failed. There is a fixed list of them, so that each can be
/// counted from zero on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation(&'static str);

impl Operation {
    pub(crate) fn words(self) -> &'static str {
        self.0
    }
}

/// Defines the constants and the list of them together, so that none can be forgotten.
macro_rules! operations {
    ($($constant:ident = $words:literal;)*) => {
        impl Operation {
            $(pub(crate) const $constant: Self = Self($words);)*

            /// Every one of them.
            #[cfg_attr(
                not(feature = "metrics"),
                expect(dead_code, reason = "nothing is counted")
            )]
            pub(crate) const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
}

operations! {
    CONNECT = "connect";
    CONNECT_AGAIN = "connect again";
    REGISTER = "register";
    SEND_A_HEARTBEAT = "send a heartbeat";
    LEAVE_THE_REGISTRY = "leave the registry";
    EXCHANGE_JOBS = "exchange jobs";
    WAIT_FOR_JOBS = "wait for jobs";
    TAKE_JOBS = "take jobs";
    CLAIM_WHAT_JOBS_NEED = "claim what jobs need";
    SETTLE_A_JOB = "settle a job";
    GIVE_JOBS_BACK = "give jobs back";
    LOOK_FOR_DEAD_WORKERS = "look for dead workers";
    RECOVER_A_JOB = "recover a job";
    REMOVE_OLD_FAILED_JOBS = "remove old failed jobs";
    PUT_BACK_LENT_JOBS = "put back lent jobs";
    SAMPLE_THE_STORE = "sample the store";
    PROMOTE_DELAYED_JOBS = "promote delayed jobs";
    PROMOTE_A_DELAYED_JOB = "promote a delayed job";
    STOP_PROMOTING = "stop promoting";
    BEGIN_A_SCHEDULE = "begin a schedule";
    READ_A_SCHEDULE = "read a schedule";
    FIRE_SCHEDULES = "fire schedules";
    FIRE_A_SCHEDULE = "fire a schedule";
    ASK_THE_HOOKS_OF_A_SCHEDULE = "ask the hooks of a schedule";
    TELL_THE_HOOKS_OF_A_SCHEDULE = "tell the hooks of a schedule";
    STOP_FIRING = "stop firing";
}
