#![no_main]

// What makes rules and events for the property test makes them here, too, but by the fuzzer's choices.
#[path = "../choices.rs"]
mod common;
#[path = "../../core/tests/prefilter/events.rs"]
mod events;
#[path = "../../core/tests/fuzzing/mod.rs"]
mod fuzzing;
#[path = "../../core/tests/prefilter/json.rs"]
mod json;
#[path = "../../core/tests/prefilter/rules.rs"]
mod rules;
#[path = "../../core/tests/prefilter/words.rs"]
mod words;

const APP: &[(&str, &str)] =
    &[("local/props.conf", events::KNOWLEDGE), ("local/transforms.conf", events::TRANSFORMS)];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let random = &mut common::Random::new(data);
    let event = events::event(random);
    let rule = rules::rule(&event, random);
    let app = if random.once_in(4) { events::NAMES_FROM_EVENTS } else { APP };
    fuzzing::prefilter(&rule, &event.raw, app);
});
