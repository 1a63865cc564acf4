#!/bin/bash
# Tries templates/slurm-array.sh for real: a cluster of one node on this machine's loopback, a job array of three shards, one of
# whose tasks is killed and submitted again; the shards merged equal a single run byte for byte. Needs root and Debian's
# slurm-wlm and munge. Everything lies in a temporary folder; the daemons end with the script.
set -eu -o pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
at=$(mktemp -d /tmp/ohmflow-slurm-XXXXXX)
node=$(hostname -s)
daemons=()
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
die() { say "failed: $*"; tail -n 20 "$at"/*.log 2> /dev/null || true; exit 1; }
finish() {
  for pid in "${daemons[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait || true
  rm -rf "$at"
}
trap finish EXIT
for program in munged slurmctld slurmd sbatch; do
  [ -n "$(PATH=$PATH:/usr/sbin type -P $program)" ] || die "$program is not here: apt-get install slurm-wlm munge"
done
PATH=$PATH:/usr/sbin

# A key and a socket of our own: whatever munge this machine has is left alone.
mkdir "$at/munge" "$at/state" "$at/spool"
chmod 711 "$at"
dd if=/dev/urandom of="$at/munge/key" bs=1024 count=1 status=none
chmod 400 "$at/munge/key"
munged --force --foreground --key-file="$at/munge/key" --socket="$at/munge/socket" --pid-file="$at/munge/pid" \
  --log-file="$at/munge.log" --seed-file="$at/munge/seed" > "$at/munge-out.log" 2>&1 &
daemons+=($!)

cpus=$(nproc)
memory=$(free -m | awk '/^Mem:/ { print $2 }')
cat > "$at/slurm.conf" << EOF
ClusterName=loopback
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$at/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$at/state
SlurmdSpoolDir=$at/spool
SlurmctldPidFile=$at/slurmctld.pid
SlurmdPidFile=$at/slurmd.pid
SlurmctldPort=27817
SlurmdPort=27818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=600
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
EOF
export SLURM_CONF=$at/slurm.conf

# Until something is so, at most ten minutes: on a busy machine a daemon takes its time.
until_so() {
  local what=$1
  shift
  for _ in $(seq 3000); do
    if "$@" > /dev/null 2>&1; then return; fi
    sleep 0.2
  done
  die "$what did not come"
}
until_so 'munge' test -S "$at/munge/socket"
slurmctld -D > "$at/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$node" > "$at/slurmd.log" 2>&1 &
daemons+=($!)
until_so 'an idle node' sh -c 'sinfo --noheader --format=%t | grep -q "^idle$"'
say "Slurm $(sinfo --version | cut -d' ' -f2): $(sinfo --noheader --format='%D node, %c processors, %t')"

task() { printf '{"task":"%s","checkpoint":"%s/data/models/%s","data":"%s/data/glue/%s","examples":%s}' "$1" "$root" "$1" "$root" "$2" "$3"; }
ranges='"columnRange":{"rule":"abs-max"},"inputRange":{"rule":"abs-max"}'
cat > "$at/config.json" << EOF
{ "schema": 1, "name": "array", "seed": 3, "tasks": [$(task cola CoLA 40), $(task stsb STS-B 20)],
  "repeat": { "chips": 2, "times": ["0 s", "1 h"] }, "calibration": { "examples": 3 },
  "methods": [{ "name": "digital", "execution": "digital" }, { "name": "chip", $ranges }] }
EOF
export OHMFLOW="node $root/dist/cli/main.js"
node "$root/tools/setup.mjs"
say 'a single run'
$OHMFLOW run "$at/config.json" --out "$at/single" --formats parquet,arrow > "$at/single.log" 2>&1 || die 'the single run'

# The template as it is; only the processors and the memory of this machine are given on the command line.
submit() { sbatch --parsable --cpus-per-task=1 --mem=1G --output="$at/task-%A-%a.log" "$@" "$root/templates/slurm-array.sh" "$at/config.json" "$at/shards"; }
ended() { [ -z "$(squeue --noheader --jobs="$1" 2> /dev/null)" ]; }
state() { scontrol show job "$1" | grep -o 'JobState=[A-Z]*\|ExitCode=[0-9:]*' | paste -sd' '; }

array=$(submit --array=0-2)
say "submitted: array job $array, tasks 0 to 2"
until_so 'a unit of task 1' sh -c "ls '$at/shards/1/units' | grep -q 'unit$'"
scancel --signal=KILL --full "${array}_1"
until_so 'the end of the array' ended "$array"
for i in 0 1 2; do say "task $i: $(state "${array}_$i"), $(find "$at/shards/$i/units" -name '*.unit' | wc -l) units"; done
state "${array}_1" | grep -q 'FAILED\|CANCELLED' || die 'task 1 had ended before it was killed'
if $OHMFLOW merge "$at/shards" --out "$at/early" > "$at/early.log" 2>&1; then die 'merged although a task was killed'; fi
grep -q 'shard 1/3' "$at/early.log" || die 'the merge does not name shard 1/3'
say "merge: $(sed "s#$at/##g" "$at/early.log" | grep 'shard 1/3')"

again=$(OHMFLOW_SHARDS=3 submit --array=1)
say "submitted again: array job $again, task 1 of 3"
until_so 'its end' ended "$again"
say "task 1: $(state "${again}_1"), $(find "$at/shards/1/units" -name '*.unit' | wc -l) units"
$OHMFLOW merge "$at/shards" --out "$at/merged" --formats parquet,arrow > "$at/merged.log" 2>&1 || die 'the merge'
for file in "$at/single"/*.parquet "$at/single"/*.arrow "$at/single/tables.json" "$at/single"/units/*; do
  cmp "$file" "$at/merged/${file#"$at/single/"}" || die "$file differs"
done
say "equal byte for byte: $(ls "$at/single"/*.parquet "$at/single"/*.arrow "$at/single"/units/* | wc -l) files"
