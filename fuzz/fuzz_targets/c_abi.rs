#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::named("c_abi").expect("a target").run(data));
