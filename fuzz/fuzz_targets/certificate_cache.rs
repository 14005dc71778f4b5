#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::Target::named("certificate_cache")
    .expect("a target")
    .run(data));
