//! Functions of time. Times are epoch seconds; formats and relative times are those of [`times`](crate::expr::times).

use super::{Function, example, value};
use crate::{
    event::time,
    expr::{
        program::{Call, Scope},
        times::{self, Read},
    },
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "now",
        "now()",
        "The end of the window that the row belongs to; without windows, the start of the run.",
        0..=0,
        |_, scope| Value::Number(scope.env.now_s),
        &[example("now()", "1700000000"), example("now() - 60", "1699999940")],
    ),
    value(
        "time",
        "time()",
        "The time of day outside, as far as the engine was told.",
        0..=0,
        |_, scope| Value::Number(scope.env.clock_s),
        &[example("time()", "1700000000"), example("time() - now()", "0")],
    ),
    value(
        "strftime",
        "strftime(time, format)",
        "Epoch seconds as text.",
        2..=2,
        strftime,
        &[
            example(
                "strftime(1521467703.049, \"%Y-%m-%dT%H:%M:%S.%Q\")",
                "2018-03-19T13:55:03.049",
            ),
            example(
                "strftime(1521467703, \"%A %e %B, %I:%M %p %Z\")",
                "Monday 19 March, 01:55 PM UTC",
            ),
            example("strftime(now(), \"%c\")", "Tue Nov 14 22:13:20 2023"),
            example(
                "strftime(1700000000, \"%F %T %z %:z %V %j %s\")",
                "2023-11-14 22:13:20 +0000 +00:00 46 318 1700000000",
            ),
            example("strftime(\"soon\", \"%F\")", "null"),
        ],
    ),
    value(
        "strptime",
        "strptime(text, format)",
        "The epoch seconds that a text says; it must name a day.",
        2..=2,
        strptime,
        &[
            example("strptime(\"2023-11-14 22:13:20\", \"%Y-%m-%d %H:%M:%S\")", "1700000000"),
            example(
                "strptime(\"14/Nov/2023:22:13:20.5 +0100\", \"%d/%b/%Y:%H:%M:%S.%Q %z\")",
                "1699996400.5",
            ),
            example("strptime(\"11/14/23\", \"%m/%d/%y\")", "1699920000"),
            example("strptime(\"hello\", \"%Y-%m-%d\")", "null"),
            example("strptime(\"22:13\", \"%H:%M\")", "null"),
        ],
    ),
    value(
        "relative_time",
        "relative_time(time, specifier)",
        "The time that lies steps and snaps such as `-1d@d+3h` away.",
        2..=2,
        relative_time,
        &[
            example("relative_time(1700000000, \"+7d\")", "1700604800"),
            example("relative_time(now(), \"-1d@d+3h\")", "1699844400"),
            example("strftime(relative_time(now(), \"@w1\"), \"%a %F\")", "Mon 2023-11-13"),
            example("relative_time(now(), \"tomorrow\")", "null"),
        ],
    ),
];

fn strftime<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (value, bump) = (call.argument(0, scope), scope.env.bump);
    let text = time::of_value(value, bump)
        .zip(call.text(1, scope))
        .and_then(|(time_ns, format)| times::write(time_ns, format, scope.env.zone, bump));
    text.map_or(Value::Null, Value::Text)
}

fn strptime<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let absent = Read { zone: scope.env.zone, now_s: scope.env.now_s };
    let time_ns = call
        .text(0, scope)
        .zip(call.text(1, scope))
        .and_then(|(text, format)| times::read(text, format, absent));
    seconds(time_ns)
}

fn relative_time<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let time_ns = time::of_value(call.argument(0, scope), scope.env.bump)
        .zip(call.text(1, scope))
        .and_then(|(time_ns, specifier)| times::relative(time_ns, specifier, scope.env.zone));
    seconds(time_ns)
}

fn seconds(time_ns: Option<i64>) -> Value<'static> {
    time_ns.map_or(Value::Null, |time_ns| Value::Number(time::seconds(time_ns)))
}
