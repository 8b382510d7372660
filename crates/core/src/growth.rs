//! How the time of some work grows with its size, for tests.

use std::time::{Duration, Instant};

/// Asserts that the time of some work grows about linearly from `size` to four times as much.
///
/// Both times are the shortest of several runs, which other work on the machine delays least. What takes less than a
/// quarter of a second is fast enough: with the square of the size it would be minutes.
pub(crate) fn assert_linear(what: &str, size: usize, work: impl Fn(usize)) {
    const ATTEMPTS: usize = 6;
    let time = |size| {
        let start = Instant::now();
        work(size);
        start.elapsed()
    };
    let (mut small, mut large) = (Duration::MAX, Duration::MAX);
    for _ in 0..ATTEMPTS {
        small = small.min(time(size));
        large = large.min(time(4 * size));
        // About 4 times as long if it is linear, and 16 times if it is quadratic.
        if large <= small * 9 + Duration::from_millis(250) {
            return;
        }
    }
    panic!("{what}: {small:?} for {size}, {large:?} for four times as much");
}
