#![no_main]

// What makes rules and events for the property test makes them here, too, but by the fuzzer's choices.
#[path = "../choices.rs"]
mod common;
#[path = "../../core/tests/prefilter/events.rs"]
mod events;
#[path = "../../core/tests/fuzzing/mod.rs"]
mod fuzzing;
#[path = "../../core/tests/prefilter/rules.rs"]
mod rules;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let random = &mut common::Random::new(data);
    let event = events::event(random);
    let rule = rules::rule(&event, random);
    fuzzing::prefilter(&rule, &event.raw, events::KNOWLEDGE);
});
