#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pennon_fuzz::engine::run(data));
