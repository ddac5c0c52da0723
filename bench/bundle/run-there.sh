#!/usr/bin/env bash
# Measures a machine from the folder that bench/bundle.sh filled; installs nothing, fetches nothing.
#   run-there.sh STAGE…
#     1 doctor, what the adapter says, small evaluations   2 benches   3 layers and rates by batch, tuning, 10,000 images
#     4 peers in PyTorch, where Python has it              5 tests of exactness
# Each stage takes less than ten minutes ($STAGE_SECONDS, 570) and leaves at most 8 files, in place of earlier ones, in $OUT/stage-N (./out):
# a log, a summary, JSON. Unpacks to $BSNN_HOME/bsnn-bundle (/tmp), once. $WORKERS tests (one a core, at most 8) run at once in stage 5.
# $TESTS names other tests. REDUCED=1: fewer images, batches, benches and tests, for two cores and a software driver.
# Exit code 1 where something was not ok.
set -u -o pipefail

[[ $# -gt 0 && ! " $* " =~ [[:space:]]([^1-5[:space:]]|[1-5][^[:space:]]) ]] || {
  echo 'usage: run-there.sh STAGE…   (STAGE: 1 to 5)' >&2
  exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${BSNN_HOME:-/tmp}/bsnn-bundle
results=${OUT:-$PWD/out}
reduced=${REDUCED:-}
failures=0
mkdir -p "$home/tmp" "$home/cache" "$results" || exit 1
results=$(cd "$results" && pwd)
# Nothing is written outside of these two folders; compiled kernels are kept from stage to stage.
export TMPDIR=$home/tmp HOME=$home XDG_CACHE_HOME=$home/cache BSNN_CACHE_DIR=$home/cache NO_COLOR=1
source "$here/host.sh"

# A line on the terminal that the summary keeps.
say() { printf '%s\n' "$*" | tee -a "$out/summary.txt"; }

# phase NAME LIMIT COMMAND…: runs a command for at most LIMIT seconds, and what is left of the stage; its output goes to the log.
phase() {
  local name=$1 limit=$2 start=$SECONDS left=$((end - SECONDS)) result status
  shift 2
  # a processor takes as long as it takes
  if [[ -n $reduced ]] || ((left < limit)); then limit=$left; fi
  printf '\n=== %s: %s\n' "$name" "$*" >>"$log"
  if ((limit < 2)); then status=left; else
    timeout -k 5 "$limit" "$@" >>"$log" 2>&1 </dev/null
    status=$?
  fi
  case $status in
    0) result=ok ;;
    left) result='left out: no time left' ;;
    124 | 137) result="cut off after $limit s" ;;
    *) result="failed (exit code $status): $(tail -n 1 "$log")" ;;
  esac
  if [[ $status != 0 ]]; then failures=$((failures + 1)); fi
  say "$(printf '%-16s %4d s  %s' "$name" $((SECONDS - start)) "${result:0:200}")"
}

# The last lines that a phase printed, into the summary.
show() {
  sed -n "/^=== $1: /,/^=== /p" "$log" | grep -v -e '^===' -e '^Warning: max' -e XDG_RUNTIME_DIR -e '^$' | tail -n "$2" | cut -c1-160 |
    tee -a "$out/summary.txt"
}

bsnn='node dist/cli/main.js'
bench='node .cache/programs/bench'

evaluation() {
  phase "$1" "$2" $bsnn eval "$model" --dataset "$dataset" --limit "$3" --batch "$4" --json "$out/$1.json" "${@:5}"
  show "$1" 16
}

stage1() {
  phase doctor 120 $bsnn doctor
  show doctor 40
  phase facts 60 $bench/facts.js "$out/facts.json"
  show facts 14
  if [[ -n $reduced ]]; then evaluation eval-small 120 64 16; return; fi
  evaluation eval-small 120 1000 256
  evaluation eval-all 120 10000 1024
}

stage2() {
  local suite suites='ladder kernels network stepped growth'
  [[ -z $reduced ]] || suites=ladder
  for suite in $suites; do
    phase "bench-$suite" 170 $bench/main.js "$suite" --json "$out/bench-$suite.json"
    show "bench-$suite" 60
  done
}

stage3() {
  local batches=64,256,1024,4096 batch=1024 images=10000 tuned=$model
  # a processor takes minutes to compile every form of every layer
  if [[ -n $reduced ]]; then batches='8 --default-form' batch=8 images=64 tuned=datasets/models/mnist-resnet.onnx; fi
  evaluation eval-untuned 120 $images $batch --no-tune
  phase rates 240 $bench/rates.js $batches --json "$out/rates.json"
  show rates 90
  phase tuning 180 $bsnn tune-kernels $tuned --batch $batch
  show tuning 40
  evaluation eval-tuned 120 $images $batch
}

stage4() {
  local images=10000 seconds=150
  if [[ -n $reduced ]]; then images=64 seconds=60; fi
  phase peers 540 $bench/peers/main.js --model "$model" --dataset "$dataset" --limit $images --seconds $seconds --json "$out/peers.json"
  show peers 30
}

# The reference on the processor is what takes the time, so that several processes share the GPU.
stage5() {
  local cores tests='test/property test/kernels test/run/session test/run/stepped test/run/drifts test/evaluate/self-test'
  cores=$(nproc 2>/dev/null || echo 2)
  [[ -z $reduced ]] || tests='test/kernels/text test/kernels/exact test/evaluate/self-test test/property/interleaved'
  phase tests 560 node node_modules/vitest/vitest.mjs run --maxWorkers "${WORKERS:-$((cores > 8 ? 8 : cores))}" \
    --reporter=default --reporter=json --outputFile.json="$out/tests.json" ${TESTS:-$tests}
  show tests 12
}

stage() {
  out=$results/stage-$1
  log=$out/log.txt
  end=$((SECONDS + ${STAGE_SECONDS:-570}))
  rm -rf "$out"
  mkdir -p "$out" || exit 1
  say "stage $1, $(date -u +%FT%TZ), commit $(cat COMMIT), node $(node --version), $(nproc 2>/dev/null || echo unknown) cores"
  say "libraries brought along: $(ls "$home/extra" | tr '\n' ' '); VK_DRIVER_FILES=${VK_DRIVER_FILES:-}"
  if command -v nvidia-smi >/dev/null; then
    say "$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv,noheader 2>&1 | head -n 1)"
  fi
  "stage$1"
  (($(find "$out" -type f | wc -l) <= 8)) || { say 'more than 8 files'; failures=$((failures + 1)); }
}

unpack_programs && use_libraries && unpack_images || {
  echo 'the bundle could not be unpacked (why is said above); it needs tar, xz or python3, and 400 MB' >&2
  exit 1
}
use_driver
export PATH=$home/bin:$PATH
cd "$home/project" || exit 1
model=datasets/models/mnist-resnet.onnx dataset=mnist
if [[ -f $home/cifar10/test_batch.bin ]]; then model=datasets/models/resnet20-cifar10.onnx dataset=cifar10:$home/cifar10; fi
for number in "$@"; do stage "$number"; done
echo "$SECONDS s in all, $failures phases not ok; results in $results"
exit $((failures > 0))
