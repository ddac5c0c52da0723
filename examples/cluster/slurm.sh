#!/usr/bin/env bash
# A Slurm array, a part a task:   sbatch --array=1-8 slurm.sh FOLDER MODEL --dataset SPEC [options of bsnn eval]
# and when all have ended:        bsnn merge FOLDER/part-*.json --json whole.json
#SBATCH --job-name=bsnn
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --requeue
set -euo pipefail

# Slurm runs a copy of this file: part.sh is in the folder from which it was submitted
exec "${SLURM_SUBMIT_DIR:-.}/part.sh" "$SLURM_ARRAY_TASK_ID" "$SLURM_ARRAY_TASK_COUNT" "$@"
