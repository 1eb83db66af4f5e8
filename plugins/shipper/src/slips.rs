//! Slips of the pen in the names of options.

/// What comes of a word by one letter too few, too many, wrong or swapped.
#[must_use]
pub fn slips(word: &str) -> Vec<String> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz_-.";
    let mut slips = Vec::new();
    for at in 0..=word.len() {
        let (before, behind) = word.split_at(at);
        slips.extend(LETTERS.chars().map(|letter| format!("{before}{letter}{behind}")));
        let Some(rest) = behind.get(1..) else { continue };
        slips.push(format!("{before}{rest}"));
        slips.extend(LETTERS.chars().map(|letter| format!("{before}{letter}{rest}")));
        if let Some(rest) = behind.get(2..) {
            slips.push(format!("{before}{}{}{rest}", &behind[1..2], &behind[..1]));
        }
    }
    slips.extend([word.replace('_', "-"), word.replace('_', "")]);
    slips.retain(|slip| slip != word);
    slips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter_away() {
        let of = slips("max_state");
        for slip in ["maxstate", "max-state", "max_sttae", "mx_state", "max_states", "mox_state"] {
            assert!(of.iter().any(|found| found == slip), "{slip}");
        }
        for other in ["max_state", "state", "xam_state"] {
            assert!(of.iter().all(|found| found != other), "{other}");
        }
    }
}
