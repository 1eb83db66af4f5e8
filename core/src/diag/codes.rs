//! The permanent numbers of diagnostics. A number that appeared in a release is never used again.
//!
//! E01xx: the text does not parse. E02xx: macros and knowledge. E03xx: caltrop does not run this. E04xx: the rule file.
//! W05xx: it runs, but hardly as meant.

/// Declares the codes with their numbers and one-line titles.
macro_rules! codes {
    ($($name:ident = $text:literal, $title:literal;)*) => {
        /// The permanent number of a kind of diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The number as it is printed, such as `E0103`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// What this kind of diagnostic is about.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    UnclosedQuote = "E0101", "a double quote is never closed";
    UnexpectedToken = "E0102", "something stands where it cannot stand";
    UnclosedParenthesis = "E0103", "a parenthesis is never closed";
    UnopenedParenthesis = "E0104", "a parenthesis closes nothing";
    UnclosedBracket = "E0105", "a subsearch bracket is never closed";
    EmptyCommand = "E0106", "a pipe is followed by no command";
    MissingArgument = "E0107", "a command lacks an argument that it needs";
    BadArgument = "E0108", "an argument has the wrong form";
    TooDeep = "E0109", "nesting is deeper than the limit";
    UnknownFunction = "E0110", "no such eval or stats function";
    WrongArgumentCount = "E0111", "a function has too few or too many arguments";
    NotBoolean = "E0112", "a yes or no is needed and something else was written";
    BooleanResult = "E0113", "a field cannot hold a boolean";
    DanglingOperator = "E0114", "an operator lacks an operand";
    UnclosedComment = "E0115", "a comment is never closed";
    UnopenedBracket = "E0116", "a subsearch bracket closes nothing";

    UnknownMacro = "E0201", "a macro has no definition";
    MacroCycle = "E0202", "a macro calls itself";
    MacroArguments = "E0203", "a macro call does not fit its definition";
    MacroTooLarge = "E0204", "macros expand beyond the limit";
    BadKnowledge = "E0205", "a knowledge file has an error";

    UnsupportedCommand = "E0301", "caltrop does not run this command yet";
    RefusedCommand = "E0302", "caltrop never runs this command";
    UnsupportedOption = "E0303", "caltrop does not run this option yet";
    UnknownCommand = "E0304", "no such command";
    BadRegex = "E0305", "a regular expression does not compile";
    UnsupportedFunction = "E0306", "caltrop does not run this function yet";
    UnsupportedSearch = "E0307", "caltrop does not run this kind of search term yet";
    NotAGenerator = "E0308", "a generating command must be the first";
    DataModel = "E0309", "the command reads data models, metrics or summaries, which caltrop does not have yet";
    AppCommand = "E0310", "the command belongs to an app";
    SearchForEachRow = "E0311", "the command would search events anew for each row";

    BadYaml = "E0401", "the rule file is not valid YAML";
    MissingKey = "E0402", "the rule file lacks a key that a rule needs";
    WrongKind = "E0403", "the rule file is of a kind that caltrop does not run";
    UnreadableFile = "E0404", "the rule file cannot be read";
    DuplicateRule = "E0405", "two rules have the same path";
    BadConf = "E0406", "a line of a `.conf` file of rules cannot be read";

    TermNeverMatches = "W0501", "a TERM() that no event can match";
    LowerCaseOperator = "W0502", "`and`, `or` or `not` in lower case is a word to search for";
    NoAnchor = "W0503", "nothing selects this rule's events cheaply";
    KeywordWithoutRaw = "W0504", "a keyword is searched after `_raw` was dropped";
    MixedQuotes = "W0505", "quotes inside a pattern were removed";
    UnknownField = "W0506", "a field that nothing makes, and that looks misspelt";
    FieldDropped = "W0507", "a field is read after a command dropped it";
    ClassicEventId = "W0508", "an event id is searched for only as classic events write it";

    UnknownSetting = "W0520", "a setting of a knowledge file has no effect, and looks misspelt";
    UnknownTransform = "W0521", "a knowledge file names an extraction that none defines";
    TagInEventtype = "W0522", "an event type tests a tag, which it never sees";
    LookupWithoutTable = "W0523", "a lookup has no table, so it finds nothing";
    TableNotWritten = "W0524", "a lookup table is not written, for nothing allows it";
}
