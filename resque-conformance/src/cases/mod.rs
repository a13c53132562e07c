//! Every case, in groups by guarantee.

mod g1_conservation;
mod g1_lost_replies;
mod g2_order;

groups! {
    g1_conservation,
    g1_lost_replies,
    g2_order,
}
