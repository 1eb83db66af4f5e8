//! The syntax tree of SPL: what was written, not what it means.
//!
//! The tree knows no fields and no events. Spans are byte ranges of the text that was parsed (for a rule, its SPL after
//! macro expansion). Texts are unescaped; patterns keep their `*`.

use crate::diag::{Span, Spanned};

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// In order. A rule that does not start with `|` starts with a `search`.
    pub commands: Vec<Command>,
    /// From the first byte of the first command to the last byte of the last.
    pub span: Span,
}

/// One command and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Its name as written; `search` where it is implied (then the span is empty).
    pub name: Spanned<String>,
    /// The whole command without the pipe and the space around it.
    pub span: Span,
    /// Its arguments.
    pub kind: CommandKind,
}

/// The arguments of a command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CommandKind {
    /// `search`, also the implied one.
    Search(Search),
    /// `regex field="re"`.
    Regex(Regex),
    /// `table a, b*`.
    Table(Vec<Spanned<String>>),
    /// `fields [+|-] a, b*`.
    Fields(Fields),
    /// `bin` and its other names `bucket` and `discretize`.
    Bin(Bin),
    /// `stats`.
    Stats(Stats),
    /// `eventstats`.
    Eventstats(Stats),
    /// `streamstats`.
    Streamstats(Streamstats),
    /// `where expr`.
    Where(Expr),
    /// `eval a=expr, b=expr`.
    Eval(Vec<Assignment>),
    /// `rename a AS b, c* AS d*`.
    Rename(Vec<Renaming>),
    /// `head [N]`.
    Head(Head),
    /// `rex`.
    Rex(Rex),
    /// `foreach`.
    Foreach(Bracketed),
    /// `append`.
    Append(Bracketed),
    /// `appendpipe`.
    AppendPipe(Bracketed),
    /// `join`.
    Join(Bracketed),
    /// `format`.
    Format(Listed),
    /// `return`.
    Return(Return),
    /// `tail [N]`.
    Tail {
        /// How many rows; 10 where none is written.
        limit: u64,
    },
    /// `reverse`.
    Reverse,
    /// `sort`.
    Sort(Sort),
    /// `dedup`.
    Dedup(Dedup),
    /// `transaction`.
    Transaction(Transaction),
    /// `top` and `rare`.
    Top(Top),
    /// `chart` and `timechart`.
    Chart(Chart),
    /// `fillnull [value=s] [fields]`.
    FillNull(Listed),
    /// `makemv [delim=s | tokenizer=re] [allowempty=b] [setsv=b] field`.
    MakeMv(Listed),
    /// `mvexpand field [limit=N]`.
    MvExpand(Listed),
    /// `nomv field`.
    NoMv(Listed),
    /// `mvcombine [delim=s] field`.
    MvCombine(Listed),
    /// `addtotals [row=b] [col=b] [fieldname=f] [labelfield=f] [label=s] [fields]`.
    AddTotals(Listed),
    /// `avlbase64 type=decode field=f`.
    AvlBase64(Listed),
    /// `iplocation [prefix=s] [allfields=b] [lang=s] field`.
    IpLocation(Listed),
    /// `spath [input=f] [output=f] [path=p | p]`.
    SPath(Listed),
    /// `fromjson field [prefix=s]`.
    FromJson(Listed),
    /// `outlier [action=tf|rm] [param=N] [uselower=b] [mark=b] [fields]`.
    Outlier(Listed),
    /// `xmlkv [maxinputs=N] [field]`.
    XmlKv(Listed),
    /// `multikv [options] [fields names] [filter words]`.
    MultiKv(Listed),
    /// `tojson [options] [type(fields)]`.
    ToJson(Listed),
    /// `extract [options] [transforms]`, also called `kv`.
    Extract(Listed),
    /// `convert [timeformat=s] function(field) [AS field] ...`.
    Convert(Convert),
    /// `replace a WITH b, c WITH d [IN fields]`.
    Replace(Replace),
    /// `strcat [allrequired=b] a "b" c target`.
    StrCat(StrCat),
    /// `makeresults [count=N] [format=csv data="..."]`.
    MakeResults(Listed),
    /// `lookup table a AS b OUTPUT c AS d`.
    Lookup(Lookup),
    /// `inputlookup table where ...`.
    InputLookup(InputLookup),
    /// `outputlookup table`.
    OutputLookup(OutputLookup),
    /// Any other command: it parses, `plan::support` says whether it can run.
    Other(Other),
    /// The arguments did not parse; the diagnostics say why.
    Broken,
}

/// The boolean expression of `search`. `OR` binds tighter than `AND`, written or implied.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// Everything: an empty search or a lone `*`.
    All(Span),
    /// Every one of them.
    And(Vec<Search>),
    /// At least one of them.
    Or(Vec<Search>),
    /// Not that.
    Not(Box<Search>, Span),
    /// A test of the raw text.
    Raw(RawTerm),
    /// A test of a field.
    Compare(Comparison),
    /// `field IN (a, b*)`.
    In {
        /// The field.
        field: Spanned<String>,
        /// The values, each as after `=`.
        values: Vec<SearchValue>,
        /// The whole term.
        span: Span,
    },
    /// `earliest=`, `latest=` and their like: they set the window and filter no field.
    TimeModifier {
        /// Its name.
        name: Spanned<String>,
        /// Its value.
        value: Spanned<String>,
    },
    /// `[ ... ]`.
    Subsearch(Pipeline),
}

impl Search {
    /// Where it stands, as far as its terms tell.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::All(span) | Self::Not(_, span) | Self::In { span, .. } => *span,
            Self::And(terms) | Self::Or(terms) => {
                let (first, last) = (terms.first(), terms.last());
                first
                    .zip(last)
                    .map_or(Span::default(), |(first, last)| first.span().to(last.span()))
            }
            Self::Raw(term) => term.span,
            Self::Compare(comparison) => comparison.span,
            Self::TimeModifier { name, value } => name.span.to(value.span),
            Self::Subsearch(pipeline) => pipeline.span,
        }
    }
}

/// A test of the raw text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTerm {
    /// Which.
    pub kind: RawKind,
    /// Its text, unescaped; `*` is a wildcard.
    pub text: String,
    /// The whole term with its quotes or its `TERM(...)`.
    pub span: Span,
}

/// The kinds of tests of the raw text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawKind {
    /// A bare word.
    Word,
    /// A quoted phrase.
    Phrase,
    /// `TERM(x)`.
    Term,
    /// `CASE(x)`.
    Case,
}

/// `field<op>value` in `search`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The field.
    pub field: Spanned<String>,
    /// The operator.
    pub op: CompareOp,
    /// The literal it is compared with.
    pub value: SearchValue,
    /// The whole term.
    pub span: Span,
}

/// The right-hand side of a comparison in `search`: always a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchValue {
    /// Its text, unescaped; `*` is a wildcard.
    pub text: String,
    /// How it was written.
    pub kind: ValueKind,
    /// The whole of it.
    pub span: Span,
}

/// How a search value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `f=v` or `f="v"`: compared without regard to case.
    Plain,
    /// `f=CASE(v)`: compared with regard to case.
    Case,
    /// `f=TERM(v)`.
    Term,
}

/// The comparison operators of `search` and of expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `=` and `==`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
}

/// `regex [field=|field!=]"re"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regex {
    /// The field; `None` is `_raw`.
    pub field: Option<Spanned<String>>,
    /// Whether `!=` was written.
    pub negated: bool,
    /// The pattern.
    pub pattern: Pattern,
}

/// A regex argument: pieces in and out of quotes that were joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The joined text, unescaped.
    pub text: String,
    /// The text of the first quoted piece alone, when other text was glued to it: the second reading to try.
    pub quoted_alone: Option<String>,
    /// The whole argument.
    pub span: Span,
}

/// `fields [+|-] list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Whether the list is removed and not kept.
    pub remove: bool,
    /// Names with wildcards.
    pub names: Vec<Spanned<String>>,
}

/// `bin [span=..] [field] [AS name]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// The field; `None` is `_time`, as a thousand rules write it.
    pub field: Option<Spanned<String>>,
    /// `span=`, as written.
    pub span: Option<Spanned<String>>,
    /// Where the result goes, if not in place.
    pub target: Option<Spanned<String>>,
    /// Other options (`bins`, `minspan`, `start`, `end`, `aligntime`), as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `stats aggregates [BY fields]`, and the same of `eventstats` and `streamstats`.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// In the order written.
    pub aggregates: Vec<Aggregate>,
    /// The BY fields in the order written.
    pub by: Vec<Spanned<String>>,
    /// Options (`allnum`, `delim`, `dedup_splitvals`), as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `streamstats [options] aggregates [BY fields]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Streamstats {
    /// The aggregates, BY fields and all other options.
    pub stats: Stats,
    /// `reset_before=(expr)`.
    pub reset_before: Option<Expr>,
    /// `reset_after=(expr)`.
    pub reset_after: Option<Expr>,
}

/// `function(argument) [AS name]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The function's name as written.
    pub function: Spanned<String>,
    /// What it aggregates.
    pub argument: AggregateArgument,
    /// The output name after AS, with wildcards.
    pub alias: Option<Spanned<String>>,
    /// The text before AS: the default output name.
    pub text: String,
    /// The whole aggregate.
    pub span: Span,
}

impl Aggregate {
    /// Whether it computes with other aggregates: `eval(avg(a) / max(b))`.
    #[must_use]
    pub fn is_eval(&self) -> bool {
        self.function.value.eq_ignore_ascii_case("eval")
    }
}

/// What an aggregate is over.
#[derive(Clone, Debug, PartialEq)]
pub enum AggregateArgument {
    /// Nothing: `count`, `count()`.
    None,
    /// A field or, with `*`, every field that matches.
    Field(Spanned<String>),
    /// `eval(expr)`. Where the function is `eval` itself the expression computes with aggregates.
    Eval(Expr),
}

/// `field=expr` of `eval`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The field; `{name}` parts are replaced by that field's value when it runs.
    pub field: Spanned<String>,
    /// Its new value.
    pub value: Expr,
}

/// `a AS b` of `rename`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    /// The old name, with wildcards.
    pub from: Spanned<String>,
    /// The new name, with as many wildcards.
    pub to: Spanned<String>,
}

/// `head [N | (expr)] [limit=N] [null=b] [keeplast=b]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// How many rows; 10 where none is written.
    pub limit: u64,
    /// The rows end where this is false.
    pub condition: Option<Expr>,
    /// Other options (`null`, `keeplast`), as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `lookup [local=b] [update=b] table a AS b, c [OUTPUT|OUTPUTNEW d AS e, f]`; `LOOKUP-` of props.conf has the same form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The table: a stanza of transforms.conf, or a file.
    pub table: Spanned<String>,
    /// The keys, in the order written.
    pub inputs: Vec<LookupField>,
    /// What is taken; `None` takes every column that is no key.
    pub outputs: Option<LookupOutputs>,
    /// Options (`local`, `update`, `event_time_field`), as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `column [AS field]` of `lookup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupField {
    /// The column of the table.
    pub column: Spanned<String>,
    /// The field of the row, if it has another name.
    pub field: Option<Spanned<String>>,
}

impl LookupField {
    /// The field of the row.
    #[must_use]
    pub fn field(&self) -> &Spanned<String> {
        self.field.as_ref().unwrap_or(&self.column)
    }
}

/// `OUTPUT ...` or `OUTPUTNEW ...` of `lookup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupOutputs {
    /// Whether a field that has a value keeps it: `OUTPUTNEW`.
    pub keeps_existing: bool,
    /// The columns, in the order written.
    pub fields: Vec<LookupField>,
}

/// `inputlookup [append=b] [strict=b] [start=N] [max=N] table [where search]`.
#[derive(Clone, Debug, PartialEq)]
pub struct InputLookup {
    /// The table: a stanza of transforms.conf, or a file.
    pub table: Spanned<String>,
    /// The rows that are taken; `None` takes all.
    pub filter: Option<Search>,
    /// Options (`append`, `strict`, `start`, `max`), as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `outputlookup [append=b] [create_empty=b] [override_if_empty=b] [max=N] [key_field=f] table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLookup {
    /// The table: a stanza of transforms.conf, or a file.
    pub table: Spanned<String>,
    /// Options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `rex [field=f] "re"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rex {
    /// What is read; `None` is `_raw`.
    pub field: Option<Spanned<String>>,
    /// How many matches of each value count; 0 is all of them.
    pub max_match: u64,
    /// Gets the places of the groups.
    pub offset_field: Option<Spanned<String>>,
    /// What is done.
    pub mode: RexMode,
    /// The pattern, or what sed is to do.
    pub pattern: Pattern,
}

/// What `rex` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RexMode {
    /// Each named group becomes a field.
    Extract,
    /// `mode=sed`: the text is changed.
    Sed,
}

/// `foreach names [ pipeline ]` and its like.
#[derive(Clone, Debug, PartialEq)]
pub struct Bracketed {
    /// The names, those of `foreach` with wildcards.
    pub names: Vec<Spanned<String>>,
    /// The options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
    /// What stands in the brackets; for `foreach` with its placeholders.
    pub pipeline: Pipeline,
}

/// `return [N] items`.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// How many rows are looked at.
    pub count: u64,
    /// What is told of each.
    pub items: Vec<Returned>,
}

/// One item of `return`.
#[derive(Clone, Debug, PartialEq)]
pub enum Returned {
    /// `field`.
    Field(Spanned<String>),
    /// `$field`: its bare value.
    Value(Spanned<String>),
    /// `name=field`.
    Named {
        /// What it is called.
        name: Spanned<String>,
        /// The field.
        field: Spanned<String>,
    },
}

/// `sort [N] [-|+]field, ... [desc]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// How many rows at most; 0 is all, and 10,000 where none is written.
    pub limit: u64,
    /// What is compared, the most important first.
    pub keys: Vec<SortKey>,
}

/// One field of `sort`, or of `sortby` of `dedup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The field.
    pub field: Spanned<String>,
    /// How its values are compared.
    pub kind: SortKind,
    /// Whether the greatest comes first. A `desc` behind all fields is in here.
    pub descending: bool,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKind {
    /// `auto(f)`, or just `f`: numbers, addresses or texts, as they are.
    Auto,
    /// `num(f)`.
    Number,
    /// `str(f)`.
    Text,
    /// `ip(f)`.
    Address,
}

/// `dedup [N] fields [keepevents=b] [keepempty=b] [consecutive=b] [sortby [-|+]field, ...]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedup {
    /// How many rows of each combination stay.
    pub limit: Spanned<u64>,
    /// The fields whose combination is compared.
    pub fields: Vec<Spanned<String>>,
    /// The order in which the first of them are found; none is the order of the rows.
    pub sort_by: Vec<SortKey>,
    /// Options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `chart [options] aggregates [OVER row] [BY row column]` and `timechart [options] aggregates [BY column]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Whether it is `timechart`.
    pub is_timechart: bool,
    /// The aggregates, BY fields and options, as written.
    pub stats: Stats,
    /// The field after `OVER`.
    pub over: Option<Spanned<String>>,
    /// What stands after `where`: which columns are kept.
    pub kept: Option<KeptColumns>,
}

/// `where function in top5` and its like.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptColumns {
    /// The function of what a column shows.
    pub function: Spanned<String>,
    /// `in`, `notin`, `<` or `>`, in lower case.
    pub relation: Spanned<String>,
    /// `top5`, `bottom5` or a number, as written.
    pub bound: Spanned<String>,
}

/// `top [N] [options] fields [BY fields]`, and the same of `rare`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// Whether it is `rare`.
    pub is_rare: bool,
    /// The fields whose combinations are counted.
    pub fields: Vec<Spanned<String>>,
    /// The BY fields.
    pub by: Vec<Spanned<String>>,
    /// Options, as written; a number alone is `limit`.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `transaction [fields] [options]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Transaction {
    /// The fields whose values the events of a transaction share.
    pub fields: Vec<Spanned<String>>,
    /// `startswith=`: what its first event satisfies.
    pub starts_with: Option<Border>,
    /// `endswith=`: what its last event satisfies.
    pub ends_with: Option<Border>,
    /// Other options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// What the first or the last event of a transaction satisfies.
#[derive(Clone, Debug, PartialEq)]
pub enum Border {
    /// A search.
    Search(Search),
    /// `eval(expr)`.
    Eval(Expr),
}

/// Options and names: all the arguments that many a command has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The options as written; of one that is repeated the last counts.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
    /// The names in the order written.
    pub names: Vec<Spanned<String>>,
}

impl Listed {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Spanned<String>> {
        let mut options = self.options.iter().rev();
        options.find(|(found, _)| found.value.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// `replace a WITH b, c WITH d [IN fields]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// Whole values with wildcards, and what takes their place.
    pub pairs: Vec<(Spanned<String>, Spanned<String>)>,
    /// The fields; none is all of them.
    pub fields: Vec<Spanned<String>>,
}

/// `convert [timeformat=s] function(field) [AS field] ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convert {
    /// Options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
    /// In the order written.
    pub conversions: Vec<Conversion>,
}

/// `function(field) [AS field]` of `convert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The function's name as written.
    pub function: Spanned<String>,
    /// The field, with wildcards.
    pub field: Spanned<String>,
    /// Where the result goes, if not in place.
    pub target: Option<Spanned<String>>,
}

/// `strcat [allrequired=b] a "b" c target`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrCat {
    /// Options, as written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
    /// What is joined.
    pub sources: Vec<StrCatSource>,
    /// The field that holds the result.
    pub target: Spanned<String>,
}

/// One of the texts that `strcat` joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrCatSource {
    /// A text in quotes.
    Text(String),
    /// The value of a field.
    Field(Spanned<String>),
}

/// A command that has no tree of its own yet: balanced words and subpipelines.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

/// One argument of a command that has no tree of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A word, quoted or not.
    Word(Spanned<String>),
    /// `[ ... ]`.
    Subpipeline(Pipeline),
}

/// An eval expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole of it.
    pub span: Span,
}

/// The kinds of eval expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number; its text, so that its precision is kept.
    Number(String),
    /// A double-quoted string, unescaped.
    String(String),
    /// A field, bare or in single quotes.
    Field(String),
    /// `-x`.
    Negate(Box<Expr>),
    /// `NOT x` and `!x`.
    Not(Box<Expr>),
    /// `a + b` and its like.
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// `a = b` and its like.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `a AND b AND c`.
    And(Vec<Expr>),
    /// `a OR b OR c`.
    Or(Vec<Expr>),
    /// `a XOR b`.
    Xor(Box<Expr>, Box<Expr>),
    /// `f(a, b)`; also `a LIKE b` as `like(a, b)` and `a IN (b, c)` as `in(a, b, c)`.
    Call {
        /// The function's name as written.
        name: Spanned<String>,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `[ pipeline ]`: the text that it gives stands in its place.
    Subsearch(Pipeline),
    /// It did not parse; the diagnostics say why.
    Broken,
}

impl Expr {
    /// Says that all of it stands at `span`: it came from another text.
    pub fn move_to(&mut self, span: Span) {
        self.span = span;
        if let ExprKind::Call { name, .. } = &mut self.kind {
            name.span = span;
        }
        self.kind.children_mut().into_iter().for_each(|child| child.move_to(span));
    }
}

impl ExprKind {
    /// The expressions that it is made of.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Number(_)
            | Self::String(_)
            | Self::Field(_)
            | Self::Subsearch(_)
            | Self::Broken => Vec::new(),
            Self::Negate(inner) | Self::Not(inner) => vec![inner],
            Self::Arithmetic(_, left, right)
            | Self::Compare(_, left, right)
            | Self::Xor(left, right) => vec![left, right],
            Self::And(terms) | Self::Or(terms) | Self::Call { arguments: terms, .. } => {
                terms.iter_mut().collect()
            }
        }
    }
}

/// The arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`: also joins two strings.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `.`: always joins.
    Concat,
}
