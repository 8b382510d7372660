//! Dates as IAM's Date operators accept them: a W3C profile of ISO 8601, or seconds since 1970 (`Conditions_Date`).

/// Seconds since 1970-01-01T00:00:00Z, with fractions; `None` if the string is not a date.
///
/// Digits alone are a number of seconds, except four digits, which are a year as in the profile.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if text.len() != 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let year = digits(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |field| digits(field, 2))?;
    let day = fields.next().map_or(Some(1), |field| digits(field, 2))?;
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let midnight = f64::from(days_since_1970(year, month, day)) * 86_400.0;
    time.map_or(Some(midnight), |time| Some(midnight + time_of_day(time)?))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`, each with `Z` or an offset, as seconds after midnight in UTC.
fn time_of_day(time: &str) -> Option<f64> {
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let mut fields = clock.split(':');
    let hours = digits(fields.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(fields.next()?, 2).filter(|minutes| *minutes < 60)?;
    let seconds = match fields.next() {
        None => 0.0,
        Some(field) => {
            let (whole, fraction) = field.split_once('.').unwrap_or((field, "0"));
            digits(whole, 2).filter(|seconds| *seconds <= 60)?;
            fraction.bytes().all(|byte| byte.is_ascii_digit()).then(|| field.parse::<f64>().ok())??
        }
    };
    if fields.next().is_some() {
        return None;
    }
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let (sign, rest) = zone.split_at(1);
            let (hours, minutes) = rest.split_once(':')?;
            let offset = digits(hours, 2)? * 60 + digits(minutes, 2)?;
            if sign == "-" { -offset } else { offset }
        }
    };
    Some(f64::from((hours * 60 + minutes - offset) * 60) + seconds)
}

fn digits(text: &str, count: usize) -> Option<i32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts years from March, so that the leap day is the last of its year.
fn days_since_1970(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn the_forms_of_the_profile_and_seconds() {
        for (text, expected) in [
            ("1970", Some(0.0)),
            ("1970-01", Some(0.0)),
            ("2024-02-29", Some(1_709_164_800.0)),
            ("2023-02-29", None),
            ("2026-11-23T15:00Z", Some(1_795_446_000.0)),
            ("2026-11-23T15:00:30.5Z", Some(1_795_446_030.5)),
            ("2026-11-23T17:00:00+02:00", Some(1_795_446_000.0)),
            ("2026-11-23T15:00", None),
            ("2026-11-23T25:00Z", None),
            ("1795446000", Some(1_795_446_000.0)),
            ("1969-12-31T23:59:59Z", Some(-1.0)),
            ("tomorrow", None),
            ("", None),
            ("2026-11-23T15:00:00.Z1", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
