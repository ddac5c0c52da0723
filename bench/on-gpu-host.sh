#!/usr/bin/env bash
# Everything worth knowing of a machine with a GPU (or any), in under 8 minutes:
#   bench/on-gpu-host.sh [FOLDER [CIFAR10]]
# FOLDER takes all results and one log (else $OUT, else bench/results/host-DATE); CIFAR10 is the folder with test_batch.bin
# (else ../shared/data/cifar10; where neither is, digits are evaluated). $TOTAL_SECONDS, 470, is shared by all phases in order;
# a phase that fails or takes too long is reported, and the next one begins. Installs what scripts/setup.mjs finds missing, no more.
# Exit code 1 where a phase was not ok.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
folder=${1:-${OUT:-bench/results/host-$(date -u +%Y%m%d-%H%M%S)}}
cifar10=${2:-../shared/data/cifar10}
end=$((SECONDS + ${TOTAL_SECONDS:-470}))
mkdir -p "$folder" || exit 1
# What a phase that is cut off leaves behind goes too.
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
log=$folder/log.txt
summary=$folder/summary.txt
: >"$log"
: >"$summary"
failures=0

# A line on the terminal that the summary keeps.
say() {
  printf '%s\n' "$*" | tee -a "$summary"
}

# phase NAME LIMIT COMMAND…: runs a command for at most LIMIT seconds, and what is left; its output goes to the log.
phase() {
  local name=$1 limit=$2 start=$SECONDS left=$((end - SECONDS)) result status
  shift 2
  if ((left < limit)); then limit=$left; fi
  printf '\n=== %s: %s\n' "$name" "$*" >>"$log"
  if ((limit < 1)); then
    status=left
  else
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
  say "$(printf '%-12s %4d s  %s' "$name" $((SECONDS - start)) "${result:0:160}")"
}

# What an evaluation's JSON says, in a few lines.
figures() {
  node -e '
    const r = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const points = (x) => (100 * (x - r.ann.top1)).toFixed(2);
    const word = (n) => r.snn.curve.find(({ t }) => t === r.snn.wordSteps[n - 1]).top1;
    const words = Array.from({ length: r.waves }, (_, i) => points(word(i + 1))).join(" / ");
    const { imagesPerSecond, steadyImagesPerSecond, firstResultSeconds, gpuIdleShare, peakGpuBytes, seconds } = r.timing;
    const rates = `${imagesPerSecond.toFixed(0)} images/s (steady ${steadyImagesPerSecond?.toFixed(0) ?? "unknown"})`;
    const idle = gpuIdleShare === null ? "unknown" : `${(100 * gpuIdleShare).toFixed(0)} %`;
    console.log(`${r.device.adapter}${r.device.software ? " (SOFTWARE)" : ""}, ${r.device.driver}`);
    console.log(`${r.model}, ${r.images} images: ANN ${(100 * r.ann.top1).toFixed(2)} %, SNN ${words} points, T ${r.snn.firstOutput}`);
    console.log(`${rates}, first result ${firstResultSeconds.toFixed(1)} s, all ${seconds.toFixed(1)} s`);
    console.log(`GPU idle ${idle}, peak ${(peakGpuBytes / 1e6).toFixed(0)} MB`);
  ' "$1"
}

if ! command -v node >/dev/null; then
  say 'node is not installed: install Node 20.19 or newer'
  exit 1
fi

model=datasets/models/mnist-resnet.onnx
dataset=mnist
if [[ -f $cifar10/test_batch.bin ]]; then
  model=datasets/models/resnet20-cifar10.onnx
  dataset=cifar10:$cifar10
fi
suites=(ladder kernels network stepped growth)

say "$(date -u +%FT%TZ), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), node $(node --version)"
phase set-up 120 node scripts/setup.mjs --build
phase doctor 30 node dist/cli/main.js doctor
# A software driver takes minutes for what a GPU does in seconds.
if grep -q 'kind  *software' "$log"; then
  images=1000 peer_images=300 peer_seconds=40
else
  images=10000 peer_images=1000 peer_seconds=70
fi
phase evaluation 120 node dist/cli/main.js eval "$model" --dataset "$dataset" --limit $images --phase-bits 4 --batch 256 --quiet \
  --json "$folder/evaluation.json"
for suite in "${suites[@]}"; do
  phase "$suite" 90 node scripts/run-ts.mjs bench/main.ts "$suite" --json "$folder/bench-$suite.json"
done
phase peers 180 node scripts/run-ts.mjs bench/peers/main.ts --model "$model" --dataset "$dataset" \
  --limit $peer_images --seconds $peer_seconds --json "$folder/peers.json"
phase tests 180 npx vitest run

if [[ -s $folder/evaluation.json ]]; then
  say ''
  figures "$folder/evaluation.json" | tee -a "$summary"
fi
if [[ -s $folder/peers.json ]]; then
  say ''
  sed -n '/^=== peers/,/^=== tests/p' "$log" | grep -v -e '^===' -e '^peers:' -e '^Warning' | tee -a "$summary"
fi
say ''
say "$SECONDS s in all, $failures of the phases not ok; results and log in $folder"
exit $((failures > 0))
