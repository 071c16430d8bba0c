/work/main/patches/base2histogram/target/debug/deps/base2histogram-f2a1a9adf5414296.d: src/lib.rs

/work/main/patches/base2histogram/target/debug/deps/libbase2histogram-f2a1a9adf5414296.rlib: src/lib.rs

/work/main/patches/base2histogram/target/debug/deps/libbase2histogram-f2a1a9adf5414296.rmeta: src/lib.rs

src/lib.rs:
