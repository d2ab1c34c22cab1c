# Two commands for a fresh Debian machine with rustup: `make demo` and `make test`.

.PHONY: demo test bench check-deep header licences lint clean

demo:
	@tools/demo.sh

# What CI runs.
test:
	@tools/test.sh

# Speed, as a table of ratios.
bench:
	@tools/bench.sh

# What takes longer: sanitizers, miri, many more cases.
check-deep:
	@tools/check-deep.sh

# Writes include/pennon.h; read what changed before you commit it.
header:
	@PENNON_WRITE_HEADER=1 cargo test --quiet --profile checked --features cli --test header

# Writes THIRD_PARTY_LICENSES, after a change of dependencies.
licences:
	@tools/licences.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features cli,modules --profile checked -- --deny warnings

clean:
	cargo clean
