#!/usr/bin/env bash
# All parts on one machine, some at once: parallel.sh N AT_ONCE FOLDER MODEL --dataset SPEC [options of bsnn eval]
# With GNU parallel where it is installed (add --sshlogin for other machines), else with xargs.
set -euo pipefail

parts=$1 at_once=$2 folder=$3
shift 3
part=$(dirname "$0")/part.sh
if parallel --version 2> /dev/null | grep -q '^GNU parallel'; then
  # -q: what has blanks stays one word
  parallel -q -j "$at_once" "$part" {} "$parts" "$folder" "$@" ::: $(seq "$parts")
else
  seq "$parts" | xargs -P "$at_once" -I '{}' "$part" '{}' "$parts" "$folder" "$@"
fi
${BSNN:-bsnn} merge "$folder"/part-*.json --json "$folder/whole.json"
