#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::named("decoding").expect("a target").run(data));
