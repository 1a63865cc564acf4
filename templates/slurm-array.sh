#!/bin/bash
# An experiment as a Slurm job array: a task computes the units of one shard into a folder of its own.
#
#     sbatch --array=0-31 slurm-array.sh CONFIG SHARDS
#     ohmflow merge SHARDS --out results/big
#
# SHARDS lies on a file system that every node sees; so do the paths in CONFIG. OHMFLOW is the command (default: ohmflow).
# A task that fails, is killed or loses its node is submitted again by its number, with the same number of shards:
#
#     OHMFLOW_SHARDS=32 sbatch --array=7 slurm-array.sh CONFIG SHARDS
#
#SBATCH --job-name=ohmflow
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=ohmflow-%A-%a.log
set -eu

config=${1:?CONFIG, the experiment}
shards=${2:?SHARDS, the folder that holds one folder for each shard}
of=${OHMFLOW_SHARDS:-$SLURM_ARRAY_TASK_COUNT}

# No exec: a job step of its own shows the memory and the time of the command in `sacct`.
srun ${OHMFLOW:-ohmflow} run "$config" --out "$shards/$SLURM_ARRAY_TASK_ID" \
  --shard "$SLURM_ARRAY_TASK_ID/$of" --workers "${SLURM_CPUS_PER_TASK:-1}"
