#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::named("configuration").expect("a target").run(data));
