//! The macros behind the one list of cases, and the one that gives named tests.

/// The cases of one group: functions as usual, each with its promise as documentation and, where
/// it needs an ability, `#[needs(…)]`.
///
/// From this list come the functions, the constant `CASES`, and a macro named like the group that
/// gives one `#[test]` per case.
macro_rules! cases {
    ($group:ident: $guarantee:ident; $($rest:tt)*) => {
        cases! { @list ($) $group $guarantee $($rest)* }
    };
    (
        @list ($d:tt) $group:ident $guarantee:ident
        $(
            $(#[doc = $doc:literal])+
            $(#[needs($($need:ident),+)])?
            async fn $name:ident($world:ident: &World) -> Verdict $body:block
        )*
    ) => {
        $(
            $(#[doc = $doc])+
            async fn $name($world: &$crate::World) -> $crate::Verdict $body
        )*

        pub(super) const CASES: &[$crate::Case] = &[$(
            $crate::Case::new(
                (stringify!($group), stringify!($name)),
                $crate::Guarantee::$guarantee,
                concat!($($doc),+),
                &[$($(__ability!($need)),+)?],
                |world| Box::pin($name(world)),
            ),
        )*];

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $group {
            ($d declared:tt) => {
                mod $group {
                    $( $crate::__test! { [$($($need)+)?] $d declared $group $name } )*
                }
            };
        }
    };
}

/// The groups in their order: the constant `GROUPS` and the macro that asks each for its tests.
macro_rules! groups {
    ($($group:ident),+ $(,)?) => { groups! { @list ($) $($group)+ } };
    (@list ($d:tt) $($group:ident)+) => {
        pub(crate) const GROUPS: &[&[$crate::Case]] = &[$($group::CASES),+];

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __groups {
            ($d declared:tt) => { $( $crate::$group! { $d declared } )+ };
        }
    };
}

/// One test: needs are struck off one by one, then the test is there or is ignored.
#[doc(hidden)]
#[macro_export]
macro_rules! __test {
    ([] $declared:tt $group:ident $name:ident) => {
        #[test]
        fn $name() {
            super::__conformance_test(concat!(stringify!($group), "::", stringify!($name)));
        }
    };
    ([$need:ident $($more:ident)*] $declared:tt $group:ident $name:ident) => {
        $crate::__need! { $need $declared [$($more)*] $declared $group $name }
    };
    (@ignored $reason:literal $group:ident $name:ident) => {
        #[test]
        #[ignore = $reason]
        fn $name() {
            super::__conformance_test(concat!(stringify!($group), "::", stringify!($name)));
        }
    };
}

/// Gives one named `#[test]` for every case of the suite, in modules named after the guarantees.
///
/// `factory` is an expression that makes a [`Factory`](crate::Factory); it is evaluated once a
/// test. Behind it stands what the backend and its worlds offer, in any order: `yes` or `no` for
/// each [`Ability`](crate::Ability). What is left out is not offered. Cases that need something
/// else show as ignored, with the reason; a declaration that is wrong fails a case.
///
/// ```
/// use resque_conformance::{CaseName, World, conformance_tests};
/// use resque_core::Result;
/// use resque_memory::MemoryBackend;
///
/// async fn world(_: CaseName) -> Result<World> {
///     Ok(World::new(MemoryBackend::new().backend()))
/// }
///
/// conformance_tests! {
///     factory: world,
///     waiting: yes, delayed: yes, control: yes, keyspace: no, atomic_batch: yes,
///     neighbour: no, outage: no, plant: no,
/// }
/// # fn main() {}
/// ```
///
/// Beside them stands one test that is ignored unless it is asked for. It runs the whole suite and
/// writes the table by guarantee, for the page of your backend:
///
/// ```sh
/// cargo test --test conformance -- --ignored --exact conformance_report
/// ```
///
/// Two backends in one file go into two modules.
#[macro_export]
macro_rules! conformance_tests {
    (factory: $factory:expr $(, $ability:ident : $answer:ident)* $(,)?) => {
        fn __conformance_declared() -> $crate::Declared {
            $crate::Declared::nothing()
                $(.with($crate::__ability!($ability), $crate::__answer!($answer)))*
        }

        fn __conformance_test(name: &str) {
            $crate::run_as_test(name, $factory, &__conformance_declared());
        }

        #[test]
        #[ignore = "runs every case again and writes the table by guarantee"]
        fn conformance_report() {
            $crate::report_as_test($factory, __conformance_declared());
        }

        $crate::__groups! { [$($ability $answer)*] }
    };
}

/// `yes` or `no`.
#[doc(hidden)]
#[macro_export]
macro_rules! __answer {
    (yes) => {
        true
    };
    (no) => {
        false
    };
}
