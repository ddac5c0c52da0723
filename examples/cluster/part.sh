#!/usr/bin/env bash
# One part of an evaluation: part.sh I N FOLDER MODEL --dataset SPEC [options of bsnn eval]
# What is done is not done again, and what was ended goes on where it was: call it as often as it takes.
set -euo pipefail

index=$1 parts=$2 folder=$3
shift 3
mkdir -p "$folder"
result=$folder/part-$index.json
if [ -e "$result" ]; then exit 0; fi
${BSNN:-bsnn} eval "$@" --shard "$index/$parts" --checkpoint "$folder/checkpoint-$index" --json "$result" --quiet
