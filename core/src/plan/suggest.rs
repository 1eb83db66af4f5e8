//! "Did you mean": the known name that a mistyped one is closest to.

/// More slips than this make another name.
const MOST_SLIPS: usize = 3;

/// The candidate that is at most a third of its letters away from `name`, if one is.
pub fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = name.len().div_ceil(3).min(MOST_SLIPS);
    candidates
        .into_iter()
        // Names come from rules: one of a megabyte is compared with nothing.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Whether the names are apart by one letter that was added, dropped, changed or swapped with its neighbour.
pub(crate) fn is_one_slip(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[start..], &right[start..]);
    let pairs = left.iter().rev().zip(right.iter().rev());
    let end = pairs.take_while(|(left, right)| left == right).count();
    match (&left[..left.len() - end], &right[..right.len() - end]) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// How many letters must be added, dropped, changed or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let changed = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_letters_are_one_slip() {
        assert_eq!(distance("stast", "stats"), 1);
        assert_eq!(closest("stast", ["table", "stats"]), Some("stats"));
    }

    #[test]
    fn one_slip_is_one() {
        for (left, right, expected) in [
            ("stats", "stats", false),
            ("stast", "stats", true),
            ("stat", "stats", true),
            ("sstats", "stats", true),
            ("state", "stats", true),
            ("s", "", true),
            ("sats", "stats", true),
            ("satst", "stats", false),
            ("st", "stats", false),
        ] {
            assert_eq!(is_one_slip(left, right), expected, "{left} {right}");
            assert_eq!(is_one_slip(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn what_is_too_far_away_is_not_suggested() {
        assert_eq!(closest("cyberchef", ["search", "chart"]), None);
        assert_eq!(closest("x", ["bin"]), None);
    }
}
