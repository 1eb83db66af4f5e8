//! Pipelines: commands between pipes, in the whole text and in brackets.

use super::commands;
use super::lexer::Block;
use super::parser::Parser;
use super::tree::{Command, CommandKind, Pipeline};
use crate::diag::{Code, Diagnostic, Span, Spanned};

impl Parser<'_> {
    /// Reads the whole text: a search is implied unless it starts with a pipe.
    pub(super) fn root(&mut self) -> Pipeline {
        let block = self.layout.root();
        let segments = segments(&block);
        let mut commands = Vec::with_capacity(segments.len());
        let first = self.trimmed(segments[0]);
        if first.start < first.end || segments.len() == 1 {
            commands.push(self.within(first, Self::implied_search));
        }
        self.commands(&segments[1..], &mut commands);
        self.pipeline_of(commands, block.span)
    }

    /// Reads the subpipeline that the bracket here opens. There is none where brackets are nested too deep.
    pub(super) fn subpipeline(&mut self) -> Option<Pipeline> {
        let block = self.layout.block_at(self.at)?;
        let pipeline = self.deeper(|parser| parser.block(&block))?;
        self.at = (block.span.end + 1).min(self.end);
        Some(pipeline)
    }

    /// Reads what brackets hold: a leading pipe is optional, a search is not implied.
    fn block(&mut self, block: &Block) -> Pipeline {
        let all = segments(block);
        let first = self.trimmed(all[0]);
        let has_leading_pipe = first.start == first.end && all.len() > 1;
        let mut commands = Vec::with_capacity(all.len());
        self.commands(&all[usize::from(has_leading_pipe)..], &mut commands);
        self.pipeline_of(commands, block.span)
    }

    fn commands(&mut self, segments: &[Span], commands: &mut Vec<Command>) {
        for &segment in segments {
            let span = self.trimmed(segment);
            if span.start < span.end {
                commands.push(self.within(span, Self::command));
            } else {
                self.report_empty_command(segment);
            }
        }
    }

    fn pipeline_of(&self, commands: Vec<Command>, all: Span) -> Pipeline {
        let span = match (commands.first(), commands.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::at(all.start),
        };
        Pipeline { commands, span }
    }

    fn implied_search(&mut self) -> Command {
        let (start, end) = (self.at, self.end);
        "search".clone_into(&mut self.command);
        let name = Spanned::new(self.command.clone(), Span::at(start));
        Command { name, span: Span::new(start, end), kind: CommandKind::Search(self.search()) }
    }

    fn command(&mut self) -> Command {
        let span = Span::new(self.at, self.end);
        let name = self.take_while(|c| c == '_' || c.is_ascii_alphanumeric());
        self.command.clone_from(&name.value);
        let kind = if name.value.is_empty() {
            self.report_no_command_name();
            CommandKind::Broken
        } else {
            self.skip_space();
            commands::parse(self, &name.value.to_ascii_lowercase())
        };
        Command { name, span, kind }
    }

    fn report_no_command_name(&mut self) {
        let span = self.word_ahead();
        let message = format!("unexpected `{}` after a pipe", span.text(self.text));
        self.report(
            Diagnostic::error(Code::UnexpectedToken, span, message)
                .label("expected the name of a command")
                .help("a search in the middle of a pipeline is written `| search ...`"),
        );
    }

    /// Reports the pipe or the bracket before an empty `segment`.
    fn report_empty_command(&mut self, segment: Span) {
        let span = Span::new(segment.start.saturating_sub(1), segment.start);
        let before = span.text(self.text).to_owned();
        self.report(
            Diagnostic::error(Code::EmptyCommand, span, format!("no command follows `{before}`"))
                .label("expected a command after it")
                .help("remove it, or write the command"),
        );
    }

    fn trimmed(&self, span: Span) -> Span {
        let text = span.text(self.text);
        let start = span.end - text.trim_start().len();
        Span::new(start, start + text.trim().len())
    }
}

/// What stands between the pipes of `block`; at least one, maybe empty.
fn segments(block: &Block) -> Vec<Span> {
    let starts = std::iter::once(block.span.start).chain(block.pipes.iter().map(|pipe| pipe + 1));
    let ends = block.pipes.iter().copied().chain(std::iter::once(block.span.end));
    starts.zip(ends).map(|(start, end)| Span::new(start, end)).collect()
}
