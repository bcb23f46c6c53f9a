#!/bin/sh
# tools/cluster/slurm.sbatch under a real Slurm, which lives on the loopback of
# this machine for as long as the test: its controller, one node, and munge. Says
# "skipped" where it is not installed.
for command in slurmctld slurmd sbatch munged mungekey; do
    PATH=$PATH:/usr/sbin:/sbin
    command -v $command >/dev/null || {
        echo "skipped: $command is not installed"
        exit 0
    }
done
# shellcheck source=tests/cluster/common.sh
. "$(dirname "$0")/common.sh"

cluster=$scratch/cluster
host=$(hostname -s)
user=$(id -un)
mkdir -p "$cluster/state" "$cluster/spool"
chmod 0755 "$scratch" "$cluster"
SLURM_CONF=$cluster/slurm.conf
export SLURM_CONF
cat >"$SLURM_CONF" <<END
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
END

daemons=
trap 'kill $daemons 2>/dev/null; wait; rm -rf "$scratch"' EXIT
mungekey --create --keyfile="$cluster/munge.key"
munged --foreground --force --key-file="$cluster/munge.key" \
    --socket="$cluster/munge.socket" --log-file="$cluster/munge.log" \
    --pid-file="$cluster/munge.pid" --seed-file="$cluster/munge.seed" \
    >"$cluster/munged.out" 2>&1 &
daemons=$!
slurmctld -D >"$cluster/slurmctld.out" 2>&1 &
daemons="$daemons $!"
slurmd -D -N "$host" >"$cluster/slurmd.out" 2>&1 &
daemons="$daemons $!"
tries=0
until [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || {
        tail -n 20 "$cluster"/*.log "$cluster"/*.out
        fail "Slurm did not come up"
    }
    sleep 0.1
done

submit() { # ARRAY
    sbatch --wait --array="$1" --output="$cluster/%a.log" --export=ALL \
        tools/cluster/slurm.sbatch 4 "$scratch/shards" "$scratch/some.json" \
        --seeds "$seeds"
}
submit 1-4 && fail "the killed shard did not fail"
"$raftsim" merge "$scratch"/shards/*.json >"$scratch/merged" && fail "all there"
grep 'Missing: shard 3 of 4' "$scratch/merged" || fail "shard 3 is not missed"
submit 3 || fail "the shard failed again"
"$raftsim" merge "$scratch"/shards/*.json --json "$scratch/all.json" \
    >"$scratch/merged" || true
expect_whole "$scratch/all.json"
