/work/main/patches/base2histogram/target/debug/deps/base2histogram-21fb0b24f44cf728.d: src/lib.rs

/work/main/patches/base2histogram/target/debug/deps/base2histogram-21fb0b24f44cf728: src/lib.rs

src/lib.rs:
