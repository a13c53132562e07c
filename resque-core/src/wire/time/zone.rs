//! Time zones as people abbreviate them.

/// Hours and minutes east of Greenwich, in minutes.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    // North America, as the mail standard (RFC 5322) and Ruby's parser read them.
    ("EST", -5 * 60),
    ("EDT", -4 * 60),
    ("CST", -6 * 60),
    ("CDT", -5 * 60),
    ("MST", -7 * 60),
    ("MDT", -6 * 60),
    ("PST", -8 * 60),
    ("PDT", -7 * 60),
    ("AKST", -9 * 60),
    ("AKDT", -8 * 60),
    ("HST", -10 * 60),
    // Europe and Africa.
    ("WEST", 60),
    ("CET", 60),
    ("MET", 60),
    ("CEST", 2 * 60),
    ("MEST", 2 * 60),
    ("EET", 2 * 60),
    ("EEST", 3 * 60),
    ("MSK", 3 * 60),
    ("CAT", 2 * 60),
    ("SAST", 2 * 60),
    ("EAT", 3 * 60),
    // Asia and Australia.
    ("PKT", 5 * 60),
    ("WIB", 7 * 60),
    ("HKT", 8 * 60),
    ("AWST", 8 * 60),
    ("JST", 9 * 60),
    ("KST", 9 * 60),
    ("ACST", 9 * 60 + 30),
    ("ACDT", 10 * 60 + 30),
    ("AEST", 10 * 60),
    ("AEDT", 11 * 60),
    ("NZST", 12 * 60),
    ("NZDT", 13 * 60),
];

/// The offset in seconds of an abbreviation that means one zone only.
///
/// `IST` and `BST`, among others, mean several and are not known.
pub(super) fn offset(abbreviation: &str) -> Option<i32> {
    let known = ZONES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(abbreviation));
    known.map(|(_, minutes)| minutes * 60)
}
