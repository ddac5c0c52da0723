#!/usr/bin/env bash
# Packs everything that a machine with a GPU but without network, npm, Node or Vulkan loader needs into one folder of at most 50 MiB:
#   bench/bundle.sh [FOLDER [CIFAR10]]
# FOLDER (.cache/bundle) then holds run-there.sh, which unpacks and measures there, and what it unpacks. CIFAR10 is the folder with
# test_batch.bin and data_batch_1.bin (../shared/data/cifar10 where it exists); without one the digits that ship with the project are packed.
# For Linux on x86-64, made on the like, after `npm ci --ignore-scripts`. Needs xz, strip, tar and, for the Vulkan loader, `apt-get download`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
invoked=$PWD
cd "$root"
say() { printf '%5d s  %s\n' "$SECONDS" "$*"; }
stop() { printf 'bundle: %s\n' "$*" >&2; exit 1; }

absolute() { (cd "$invoked" && realpath -m "$1"); }
folder=$(absolute "${1:-$root/.cache/bundle}")
images=$(absolute "${2:-$root/../shared/data/cifar10}")
for tool in node xz strip tar; do command -v "$tool" >/dev/null || stop "$tool is missing: install it"; done
[[ $(node -p 'process.platform + process.arch') == linuxx64 ]] || stop 'a bundle is made on Linux on x86-64'
[[ -f $images/test_batch.bin ]] || { [[ -z ${2:-} ]] || stop "$2 has no test_batch.bin"; images=; }

# Only what an earlier bundle left is removed, never something of the user's.
mkdir -p "$folder"
rm -f "$folder"/{run-there.sh,host.sh,node.xz,app.tar.xz} "$folder"/*.packed.xz
[[ -z $(ls -A "$folder") ]] || stop "$folder has other files: name an empty folder"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
# Binaries compress by a tenth more with their jumps made absolute; differences of pixels repeat nothing, so that no match need be looked for.
binary=(--check=crc32 --x86 --lzma2=preset=9e,dict=64MiB)
pixels=(--check=crc32 --lzma2=preset=6,pb=0,lc=4,mode=fast,nice=8)

# pack_once FILE TARGET OPTION…: packs a file, or takes what it was packed to before: this takes minutes.
pack_once() {
  local kept
  kept=$root/.cache/bundle-$(sha256sum "$1" | cut -c1-16).xz
  if [[ ! -f $kept ]]; then
    nice xz -T1 -c "${@:3}" "$1" >"$kept.tmp"
    mv "$kept.tmp" "$kept"
  fi
  cp "$kept" "$2"
}

say 'programs compiled'
node scripts/build.mjs
node scripts/run-ts.mjs bench/bundle/check-size.ts "$folder" >/dev/null
programs=$root/.cache/programs/bench/bundle

say 'project and packages'
project=$stage/project
mkdir -p "$project/.cache/programs" "$project/datasets/models"
cp -r package.json package-lock.json vitest.config.ts tsconfig.json src shaders scripts bench test dist "$project/"
cp -r .cache/programs/{src,bench,package.json} "$project/.cache/programs/"
rm -rf "$project/bench/results"
cp datasets/models/{resnet20-cifar10,mnist-resnet}.{onnx,json} "$project/datasets/models/"
git describe --always --dirty >"$project/COMMIT" 2>/dev/null || echo unknown >"$project/COMMIT"
node "$programs/packages.js" "$project" $([[ -n $images ]] || echo digits)
strip --strip-unneeded "$project/node_modules/webgpu/dist/linux-x64/dawn.node"

say 'Vulkan loader and its neighbours'
bench/bundle/libraries.sh "$stage/lib" || stop 'the Vulkan loader cannot be had (apt-get download says why above)'

if [[ -n $images ]]; then
  say "images of $images"
  mkdir "$stage/images"
  node "$programs/images.js" pack "$images" "$stage/images"
  for file in "$stage"/images/*.packed; do pack_once "$file" "$folder/$(basename "$file").xz" "${pixels[@]}"; done
else
  say 'no CIFAR-10: the digits that ship with the project'
fi

say 'Node'
strip -o "$stage/node" "$(readlink -f "$(command -v node)")"
node "$programs/trim.js" "$stage/node"
# it must still start, and know what people read
[[ $("$stage/node" -p 'new Date(0).toLocaleDateString("en-US", { timeZone: "UTC" }) + (12345.6).toLocaleString("en-US") + "É".toLowerCase()') == 1/1/197012,345.6é ]] ||
  stop 'the trimmed Node does not run'
pack_once "$stage/node" "$folder/node.xz" "${binary[@]}"

say 'archive'
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -cf - project lib | nice xz -T1 "${binary[@]}" >"$folder/app.tar.xz"
cp bench/bundle/{run-there,host}.sh "$folder/"
node "$programs/check-size.js" "$folder"
say "$folder: copy it to the machine, then run-there.sh 1 (to 5)"
