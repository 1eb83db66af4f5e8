# Counting what passes: sourced by scripts/test and scripts/verify.
# shellcheck shell=bash

export CARGO_TERM_COLOR=never
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count GOOD BAD: adds the outcome of one part.
count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# step NAME COMMAND...: a check that is right or wrong as a whole.
step() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    count 1 0
  else
    count 0 1
    printf 'FAILED: %s\n' "$name"
  fi
}

# tests NAME COMMAND...: a run of cargo tests, which counts itself. One that fails without a count, as when it does not
# compile, is one failure.
tests() {
  local name=$1 status=0 good bad
  shift
  printf '\n== %s\n' "$name"
  "$@" 2>&1 | tee "$log" || status=$?
  good=$(sum_of passed)
  bad=$(sum_of '(failed|timed out|exec failed)')
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
  count "$good" "$bad"
  if [ "$bad" -ne 0 ]; then printf 'FAILED: %s\n' "$name"; fi
}

# sum_of WORD: adds up the numbers before WORD in the summaries of nextest and of cargo test.
sum_of() {
  grep -E '^ *Summary \[|^test result: ' "$log" | grep -oE "[0-9]+ $1" | awk '{ sum += $1 } END { print sum + 0 }' || true
}

# finish: the last line, and the exit status.
finish() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
