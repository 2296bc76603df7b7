# What the processes of a group use: those that have its QANAT_JOB in their environment.
used_by() {
    while read -r q_line q_value q_rest; do
        case $q_line in VmHWM:) break ;; esac
        q_value=0
    done <"/proc/$1/status"
    q_value=${q_value:-0}
    # Memory that processes share counts once: of each process, as large a part of its peak as it has of its memory.
    [ "$2" -eq 1 ] || {
        read -r q_line
        read -r q_line q_rss q_rest
        read -r q_line q_pss q_rest
        case $q_line in Pss:) q_value=$((q_value * q_pss / (q_rss > 0 ? q_rss : 1))) ;; esac
    } <"/proc/$1/smaps_rollup"
    read -r q_line <"/proc/$1/stat" || return
    q_memory=$((q_memory + q_value))
    set -- ${q_line##*)}
    shift 11
    q_cpu=$((q_cpu + $1 + $2 + $3 + $4))
} 2>/dev/null
look_at_gpus() {
    q_gpus=
    while IFS=', ' read -r q_line q_pid q_value; do
        case " $q_pids " in *" $q_pid "*) ;; *) continue ;; esac
        case $q_value in *[!0-9]*|'') ;; *) q_gpu=$((q_gpu + q_value)) ;; esac
        case $q_gpus in *"$q_line"*) ;; *) q_gpus=${q_gpus:+$q_gpus,}$q_line ;; esac
    done <<EOF
$(nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory --format=csv,noheader,nounits)
EOF
    [ -n "$q_gpus" ] || return
    while read -r q_value; do
        case $q_value in *[!0-9]*|'') ;; *) q_busy=$((q_busy + q_value)) q_looks=$((q_looks + 1)) ;; esac
    done <<EOF
$(nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits --id="$q_gpus")
EOF
} 2>/dev/null
look() {
    q_pids= q_memory=0 q_cpu=0 q_gpu=0
    for q_name in $(grep -lszxF "QANAT_JOB=$q_intent:$q_group" /proc/[0-9]*/environ); do
        q_name=${q_name#/proc/}
        q_pids="$q_pids ${q_name%/environ}"
    done
    set -- $q_pids
    for q_name; do
        kill -0 "$q_keeper" || return
        used_by "$q_name" $#
    done
} 2>/dev/null
# Only what is clearly more makes another line, so that there are few of them.
note() {
    if [ "$q_memory" -gt "$((q_memory_most + q_memory_most / 100))" ] || [ "$q_gpu" -gt "$q_gpu_most" ] ||
        [ "$q_cpu" -gt "$((q_cpu_most + q_cpu_most / 20))" ] || [ "$q_looks" -gt "$((q_looked + q_looked / 20))" ]; then
        [ "$q_memory" -le "$q_memory_most" ] || q_memory_most=$q_memory
        [ "$q_cpu" -le "$q_cpu_most" ] || q_cpu_most=$q_cpu
        [ "$q_gpu" -le "$q_gpu_most" ] || q_gpu_most=$q_gpu
        q_looked=$q_looks
        echo "$q_group $q_memory_most $q_cpu_most $q_gpu_most $q_busy $q_looks" >>"$q_notes/.job-used"
    fi
} 2>/dev/null
begin() { q_wait=20 q_turn=0 q_gpu_turn=5 q_busy=0 q_looks=0 q_looked=0 q_memory_most=0 q_cpu_most=0 q_gpu_most=0; }
# A shell that has just been forked swallows a signal before it becomes the program.
end_sleep() {
    q_over= q_turns=0
    while [ "$((q_turns += 1))" -le 1000 ] && read -r q_line <"/proc/$1/stat"; do
        case ${q_line##*)} in ' Z'*) return ;; esac
        kill "$1"
    done
} 2>/dev/null
# Looks until the keeper ends, rarely if that costs much: after a fifth of a second, it may take a fiftieth of a processor.
keep_looking() {
    trap 'q_over=yes' HUP INT QUIT USR1 USR2 ALRM XCPU CONT TERM
    q_over= q_passed=0 q_group=
    begin
    while kill -0 "$q_keeper"; do
        q_rest=$((q_wait % 100))
        case $q_rest in 0) q_rest= ;; ?) q_rest=.0$q_rest ;; *) q_rest=.$q_rest ;; esac
        sleep "$((q_wait / 100))$q_rest" &
        q_status=143
        if [ -z "$q_over" ]; then wait "$!"; q_status=$?; fi
        if [ "$q_status" -gt 128 ]; then end_sleep "$!"; continue; fi
        # A sleep of whole seconds only, or none at all.
        if [ "$q_status" != 0 ]; then [ "$q_wait" != 500 ] || return; q_wait=500; continue; fi
        read -r q_now q_rest <"$q_notes/.job-group"
        if [ "$q_now" != "$q_group" ]; then q_group=$q_now; begin; fi
        look
        q_turn=$((q_turn + 1)) q_passed=$((q_passed + q_wait)) q_wait=$((q_wait * 2))
        [ "$q_wait" -le 500 ] || q_wait=500
        read -r q_line </proc/self/stat
        set -- ${q_line##*)}
        shift 11
        q_late=$((50 * ($1 + $2 + $3 + $4 - 20) - q_passed))
        [ "$q_late" -le "$q_wait" ] || q_wait=$q_late
        if [ "$q_turn" -ge "$q_gpu_turn" ] && command -v nvidia-smi >/dev/null; then
            look_at_gpus
            q_gpu_turn=$((q_turn + 5))
        fi
        note
    done
} 2>/dev/null
# The peak of a control group that is the job's own. Cached files count, so that it is more than the programs had.
peak() {
    q_peak=
    [ -n "${SLURM_JOB_ID:-}${_CONDOR_JOB_AD:-}" ] || return
    while read -r q_line; do
        case $q_line in
        0::*"/job_${SLURM_JOB_ID:-none}"|0::*"/job_${SLURM_JOB_ID:-none}/"*)
            q_line=${q_line#0::} q_line=${q_line%%"/job_$SLURM_JOB_ID"*}/job_$SLURM_JOB_ID ;;
        0::*condor*slot*) q_line=${q_line#0::} ;;
        *) continue ;;
        esac
        read -r q_peak <"/sys/fs/cgroup$q_line/memory.peak" && q_peak=$((q_peak / 1024))
        return
    done </proc/self/cgroup
} 2>/dev/null
# Sets q_used to what a completion file says of it. CPU time is what this shell has waited for since the last time, or
# what was seen.
sum_up() {
    q_used= q_best='0 0 0 0 0'
    while read -r q_line; do case $q_line in "$q_group "*) q_best=${q_line#* } ;; esac; done <"$q_notes/.job-used"
    set -- $q_best
    case $#$q_best in 5*[!0-9\ ]*|[!5]*|5) q_best='0 0 0 0 0' ;; esac
    peak
    read -r q_line <"/proc/$$/stat" || return
    set -- $q_best ${q_line##*)}
    q_memory=$1 q_cpu=$2 q_gpu=$3 q_busy=$4 q_looks=$5
    shift 18
    [ "$(($1 + $2 - q_ticks))" -le "$q_cpu" ] || q_cpu=$(($1 + $2 - q_ticks))
    q_ticks=$(($1 + $2))
    if [ -n "$q_peak" ] && [ "$q_memory" -gt "$q_peak" ]; then q_memory=$q_peak; fi
    q_rest=$((q_cpu % 100))
    case $q_rest in ?) q_rest=0$q_rest ;; esac
    q_used=", \"used\": {\"cpu_s\": $((q_cpu / 100)).$q_rest"
    [ "$q_memory" = 0 ] || q_used="$q_used, \"memory_mib\": $(((q_memory + 1023) / 1024))"
    [ "$q_looks" = 0 ] || q_used="$q_used, \"gpu_memory_mib\": $q_gpu, \"gpu_percent\": $((q_busy / q_looks))"
    q_used="$q_used}"
} 2>/dev/null
