//! Small streams, made from seeds.

use caltrop_core::config::{Input, Options, SECOND_NS, Window};

use super::{
    common::{self, Random},
    oracle::{Event, Settings, Step},
};

/// An event as a row of JSON.
pub(crate) fn text(event: &Event) -> String {
    let Event { time_s, host, user, is_taken, offset } = event;
    let take = u8::from(*is_taken);
    format!(
        "{{\"_time\":{time_s},\"host\":\"{host}\",\"user\":\"{user}\",\"take\":{take},\"n\":{offset}}}"
    )
}

/// The options of an engine with these settings.
pub(crate) fn options(settings: &Settings) -> Options {
    Options {
        window: Window::Fixed(settings.window_s * SECOND_NS),
        idle_ns: settings.idle_s * SECOND_NS,
        max_future_ns: settings.max_future_s * SECOND_NS,
        max_lag_ns: settings.max_lag_s * SECOND_NS,
        retain_ns: Some(settings.retain_s * SECOND_NS),
        max_hosts: settings.max_hosts,
        input: Input::Rows,
        ..common::stream(settings.lateness_s)
    }
}

/// Any settings.
pub(crate) fn settings(random: &mut Random) -> Settings {
    let mut pick = |choices: &[i64]| choices[random.below(choices.len())];
    Settings {
        window_s: pick(&[6, 12, 20]),
        lateness_s: pick(&[0, 1, 3, 8]),
        retain_s: pick(&[0, 2, 5, 30]),
        idle_s: pick(&[0, 2, 5, 1000]),
        max_lag_s: pick(&[0, 3, 10, 1000]),
        max_future_s: pick(&[0, 5, 1000]),
        max_hosts: [1, 2, MANY_HOSTS][random.below(3)],
        always_listens: true,
    }
}

/// More hosts than any stream has.
pub(crate) const MANY_HOSTS: usize = 100;

/// Some hosts with clocks of their own, some silence, some events out of order.
pub(crate) fn steps(random: &mut Random, settings: &Settings) -> Vec<Step> {
    let hosts = 1 + random.below(3);
    let disorder = 1 + random.below(10);
    let ticks = random.once_in(2);
    let behind: Vec<i64> = (0..hosts).map(|_| [0, 0, 4, 40][random.below(4)]).collect();
    let (mut now_s, mut wall_s) = (1_000_i64, 1_000_i64);
    let mut steps = Vec::new();
    for offset in 0..10 + random.below(50) as u64 {
        let passed_s = [0, 0, 1, 1, 2, 5, settings.window_s][random.below(7)];
        (now_s, wall_s) = (now_s + passed_s, wall_s + passed_s);
        if ticks && random.once_in(2) {
            wall_s += [0, 0, 0, 20][random.below(4)];
            steps.push(Step::Advance { wall_s, mono_s: wall_s - 900 });
        }
        let host = random.below(hosts);
        let ahead_s = if random.once_in(25) { 100 } else { 0 };
        let time_s = now_s + ahead_s - behind[host] - random.below(disorder) as i64;
        steps.push(Step::Event(Event {
            time_s,
            host: ["a", "b", "c"][host],
            user: ["x", "y", "z"][random.below(3)],
            is_taken: !random.once_in(3),
            offset,
        }));
    }
    steps
}
