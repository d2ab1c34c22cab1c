#!/usr/bin/env bash
# Builds the library and a C program that links it, and runs the program on a flags file.
. "$(dirname "$0")/steps.sh"

needs() {
    packages gcc libc6-dev make
    toolchain
}

build() {
    cargo build --release
    gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Wpedantic -Iinclude examples/demo.c -o target/demo \
        target/release/libpennon.a -lpthread -lm -ldl
}

run() {
    cp examples/flags.json target/demo-flags.json
    target/demo target/demo-flags.json
}

step "what the build needs" needs
step "library and program (release)" build
step "demo" run
finish
