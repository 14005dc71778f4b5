#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::named("card_faults").expect("a target").run(data));
