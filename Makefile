# Two commands are all a newcomer needs: `make run` and `make test`.

# Build products stay outside the checkout, so that a fresh clone does not
# build the world again.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/offhook/target

.PHONY: run test check bench chaos build

# Installs what is missing, builds, plays the demo call, then serves.
run: build
	$(CARGO_TARGET_DIR)/release/offhook demo
	$(CARGO_TARGET_DIR)/release/offhook serve

build:
	@scripts/setup
	cargo build --release --locked --bin offhook

# Installs what the tests need and runs all of them, on SQLite and PostgreSQL.
test:
	@scripts/setup test
	scripts/with-services scripts/test

# What CI checks before it tests: format, lints, the rules of the tree, licences.
check:
	@scripts/setup
	scripts/check

# Prints the figures of docs/BENCHMARKS.md for this machine.
bench:
	@scripts/setup test
	scripts/bench

# Kills it, and takes away its database and its disk, under load: the long
# proofs of docs/RELIABILITY.md.
chaos:
	@scripts/setup test
	scripts/chaos
