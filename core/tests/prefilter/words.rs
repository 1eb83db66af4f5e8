//! The words that events and rules are made from, so that they meet.

use crate::common::Random;

/// An event, and the texts of its fields from which rules are made that may match it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) raw: Vec<u8>,
    /// Field and value, as rules see them.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// Long enough to be anchors; with letters that fold beyond ASCII, and two that already are such folds.
const WORDS: &[&str] = &[
    "WmiPrvSE",
    "cmd",
    "powershell",
    "kiosk",
    "task",
    "\u{212a}iosk",
    "ta\u{17f}k",
    "caf\u{e9}",
    "exe",
    "dll",
    "a",
    "x1",
    "10",
    "1.0",
    "whoami",
    "EventCode=1",
];

/// Breakers, things that look like them, and things that XML writes in another way.
const JOINTS: &[&str] = &[
    " ", "\\", "\\", ".", "/", "--", "-", "_", "%20", "%2526", "%3b", "%", "&", "<", ">", "\"",
    "'", "\t", "\r\n", "^", "~", "`", ":", "=", "", "", ",", "\u{e9}", "*", "(", "]]", "&#", ";",
];

/// One to four words with joints between.
pub(crate) fn text(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        if random.once_in(3) {
            text.push_str(random.pick(JOINTS));
        }
        text.push_str(&cased(random.pick(WORDS), random));
        text.push_str(random.pick(JOINTS));
    }
    text
}

/// `word` with some letters in the other ASCII case.
pub(crate) fn cased(word: &str, random: &mut Random) -> String {
    let turned = |letter: char, random: &mut Random| match random.below(4) {
        0 => letter.to_ascii_uppercase(),
        1 => letter.to_ascii_lowercase(),
        _ => letter,
    };
    word.chars().map(|letter| turned(letter, random)).collect()
}
