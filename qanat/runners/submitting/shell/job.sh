now() {
    q_ms=60000
    if [ -n "$q_minute" ] && read -r q_up q_line </proc/uptime; then
        q_ms=$((q_offset + ${q_up%.*}${q_up#*.} * 10))
    fi
    if [ "$q_ms" -lt 60000 ]; then
        q_ms=$((100000 + q_ms))
        q_ms=${q_ms#1} q_now=$q_minute
        q_now=$q_now${q_ms%???}.${q_ms#??}+00:00
        return
    fi
    read -r q_up q_line </proc/uptime || q_up=
    q_now=$(date -u +%Y-%m-%dT%H:%M:%S.%3N) q_minute=
    case $q_now$q_up in
    *N*) q_now=${q_now%.*} ;;
    *.*.*)
        q_minute=${q_now%??.???}
        q_ms=${q_now#"$q_minute"}
        q_offset=$((1${q_ms%.*}${q_ms#*.} - 99990 - ${q_up%.*}${q_up#*.} * 10))
        ;;
    esac
    q_now=$q_now+00:00
}
leave() {
    [ ! -h "$q_here" ] || return
    now
    sum_up
    read -r q_host </proc/sys/kernel/hostname || q_host=$(uname -n)
    set -C
    if ! ending >"$q_here/$1"; then
        rm -f "$q_here/$1"
        ending >"$q_here/.$1.$$" && mv -f "$q_here/.$1.$$" "$q_here/$1"
    fi
    set +C
} 2>/dev/null
ending() {
    printf '{"attempt": %d, "status": %d, "by": "%s", "started": "%s", "ended": "%s", "host": "%s"%s}\n' \
        "$q_attempt" "$q_status" "$q_by" "$q_started" "$q_now" "$q_host" "$q_used"
}
find() {
    q_turns=0
    while [ "$((q_turns += 1))" -le 40 ] && read -r q_line; do case $q_line in "$1"*) return ;; esac; done
    return 1
}
describe() {
    echo "kernel $(uname -srm)"
    find PRETTY_NAME= </etc/os-release && echo "system ${q_line#*=}"
    find 'model name' </proc/cpuinfo && echo "cpu ${q_line#*: }"
    read -r q_line </sys/devices/system/cpu/online && echo "cpus $q_line"
    read -r q_line </proc/meminfo && echo "memory $q_line"
    read -r q_line </proc/driver/nvidia/version && echo "driver $q_line"
    for q_name in /proc/driver/nvidia/gpus/*/information; do read -r q_line <"$q_name" && echo "gpu $q_line"; done
} 2>/dev/null
# How the attempt before this one ended. Arguments: the file, and when that attempt started.
note_end() {
    if [ -h "$q_here" ] || [ -h "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then return; fi
    if read -r q_end <"$q_here/completion.json"; then
        q_kind=exit
    elif read -r q_end <"$q_here/continues.json"; then
        q_kind=checkpoint
    elif read -r q_end <"$q_here/stopped.json"; then
        q_kind=stopped
    else
        q_kind=lost q_end="{\"attempt\": $((q_attempt - 1)), \"started\": \"$2\"}"
    fi
    printf '{"end": "%s", %s\n' "$q_kind" "${q_end#?}" >>"$1"
} 2>/dev/null
is_stopped() { [ -n "$q_stopped" ] || [ -s "$q_notes/.job-stopping" ]; }
# Arguments: directory of the group, attempt, number of the group.
run_group() {
    q_here=$1 q_attempt=$2 q_group=$3 q_by=exit q_info= q_status=143 q_starts=0 q_last= q_continues=
    QANAT_GROUP=$3 QANAT_JOB=$q_intent:$3 QANAT_STORAGE_PATH=$1
    now
    q_started=$q_now
    [ -d "$q_here" ] || mkdir -p "$q_here"
    echo "$q_started" >>"$q_here/starts"
    . "$q_commands/$(($3 / 100)).sh"
    while read -r q_line; do q_starts=$((q_starts + 1)) q_before=$q_last q_last=$q_line; done <"$q_here/starts"
    q_attempt=$((q_attempt + q_starts - 1))
    [ "$q_starts" -le 1 ] || note_end "$q_here/earlier.jsonl" "$q_before"
    QANAT_ATTEMPT=$q_attempt
    export QANAT_GROUP QANAT_JOB QANAT_STORAGE_PATH QANAT_ATTEMPT
    for q_name in completion.json continues.json stopped.json machine.txt; do
        q_name=$q_here/$q_name
        if [ -e "$q_name" ] || [ -h "$q_name" ]; then rm -f "$q_name"; fi
    done
    echo "$q_machine" >"$q_here/machine.txt"
    [ -z "$q_info" ] || printf '%s' "$q_info" >"$q_here/group_info.yaml"
    echo "$q_group $q_attempt $q_started ${q_up%.*}" >"$q_notes/.job-group"
    true >"$q_notes/.job-used"
    if is_stopped; then
        leave stopped.json
        return
    elif [ -n "$q_attempts" ] && [ "$q_starts" -gt "$q_attempts" ]; then
        q_by=over
        leave completion.json
        return
    fi
    [ -z "$q_attempts" ] || before_program
    /bin/sh -c "$q_start" qanat "$q_notes" "$q_here" "$q_workdir" "$@" </dev/null 5>&-
    q_status=$?
    case $q_status in 137|143) sleep "$q_settle_s" ;; esac
    case $q_status in
    126|127) [ ! -s "$q_notes/.job-failed" ] || read -r q_by <"$q_notes/.job-failed" ;;
    130|141) q_by='exit or signal' ;;
    *) [ "$q_status" -le 128 ] || [ ! -s "$q_notes/.job-note" ] || q_by=signal ;;
    esac
    if is_stopped; then q_end=stopped.json; else q_end=completion.json; fi
    [ -z "$q_attempts" ] || decide
    [ -z "$q_workers" ] || attribute
    [ "$q_end" != completion.json ] || q_continues=
    leave "$q_end"
}
if [ "$1" = --keep ]; then
    q_base=$2 q_notes=$2$3 q_pipe=$4 q_stopped= q_minute= q_ticks=0
    shift 4
    trap : HUP INT QUIT USR1 USR2 ALRM XCPU CONT
    trap 'q_stopped=yes' TERM
    q_machine=$(describe)
    if [ -n "$q_workers" ]; then run_groups "$@"; else run_attempts "$@"; fi
    [ -z "$q_continues" ] || echo yes >"$q_notes/.job-continues"
    [ -z "$q_pipe" ] || echo end >&5
    exit "$q_status"
fi
q_here=$1 q_attempt=$2 q_by= q_stopped= q_pending= q_keepers= q_lookers= q_passing= q_pipe= q_minute= q_watch= q_ticks=0 q_group=
if [ -n "$q_workers" ]; then q_base=$q_commands/job-$3; else q_base=${q_sandbox:-$1}; fi
started() {
    [ -n "${BASH_VERSION:-}" ] && read -r q_line <"/proc/$1/cmdline" || return 0
    case $q_line in *q_workdir=*) return 1 ;; esac
} 2>/dev/null
pass() {
    if [ -z "$q_passing" ]; then q_pending="$q_pending $1"; return; fi
    for q_to in $q_keepers; do pass_to "$1" "${q_to%%:*}" "$q_base${q_to#*:}"; done
}
# Arguments: signal, keeper, directory of its notes.
pass_to() {
    q_turns=0
    until [ "$((q_turns += 1))" -gt 100000 ] || ! kill -0 "$2" 2>/dev/null; do
        [ -s "$3/.job-pid" ] && read -r q_pid <"$3/.job-pid" && started "$q_pid" || continue
        kill -s "$1" "$q_pid" 2>/dev/null
        return
    done
}
note_stop() {
    q_stopped=yes
    for q_to in $q_keepers; do { echo yes >"$q_base${q_to#*:}/.job-stopping"; } 2>/dev/null; done
}
stop() { note_stop; pass "$1"; }
# The scheduler signals the program, too, once there is one.
stop_all() {
    note_stop
    if [ -z "$q_passing" ]; then pass "$1"; return; fi
    for q_to in $q_keepers; do
        [ -s "$q_base${q_to#*:}/.job-pid" ] || pass_to "$1" "${q_to%%:*}" "$q_base${q_to#*:}"
    done
}
for q_name in HUP INT QUIT USR1 USR2 ALRM XCPU CONT TERM; do trap "pass $q_name" "$q_name"; done
for q_name in $q_stops; do trap "$q_stop $q_name" "$q_name"; done
[ -z "${BASH_VERSION:-}" ] || set +o posix
if env --default-signal true 2>/dev/null; then
    q_env='env --default-signal'
elif [ -z "${BASH_VERSION:-}" ] && command -v bash >/dev/null; then
    exec bash "$0" "$@"
else
    q_env=
fi
export QANAT_RUN
if grep -qs "^$q_intent $3 " "$q_cancelled"; then exit 0; fi
clear() {
    set --
    for q_name in pid note failed stopping cause group pipe used flag continues; do set -- "$@" "$q_base$q_number/.job-$q_name"; done
    rm -f "$@"
}
# Arguments: those of the script.
start_keeper() {
    [ -z "$q_stopped" ] || echo yes >"$q_base$q_number/.job-stopping"
    (
        [ -z "${BASH_VERSION:-}" ] || trap - INT QUIT
        exec $q_env /bin/sh "$0" --keep "$q_base" "$q_number" "$q_pipe" "$@"
    ) 2>>"$q_base$q_number/.job-note" &
    q_keeper=$! q_notes=$q_base$q_number
    q_keepers="$q_keepers $q_keeper:$q_number"
    keep_looking </dev/null >/dev/null 5>&- &
    q_lookers="$q_lookers $!"
}
has_keeper() {
    for q_name in $q_keepers; do ! kill -0 "${q_name%%:*}" || return 0; done
    return 1
} 2>/dev/null
wait_for_keepers() {
    q_passing=yes q_left=${q_workers:-1} q_status=143
    [ -z "$q_stopped" ] || note_stop
    for q_name in $q_pending; do pass "$q_name"; done
    if [ -n "$q_pipe" ]; then
        while [ "$q_left" -gt 0 ] && has_keeper; do ! read -t 5 -r q_name <&5 || q_left=$((q_left - 1)); done 2>/dev/null
    fi
    for q_name in $q_keepers; do
        while kill -0 "${q_name%%:*}" 2>/dev/null; do wait "${q_name%%:*}"; q_status=$?; done
    done
    for q_name in $q_lookers; do kill "$q_name" && wait "$q_name"; done 2>/dev/null
    q_lookers=
}
q_number=
[ -d "$q_base" ] || mkdir -p "$q_base"
clear
if [ -n "${BASH_VERSION:-}" ] && mkfifo "$q_base/.job-pipe" && exec 5<>"$q_base/.job-pipe"; then q_pipe=yes; fi
if [ -n "$q_workers" ]; then
    run_bundle "$@"
fi
start_keeper "$@"
wait_for_keepers
if
    read -r q_end <"$q_here/completion.json" || read -r q_end <"$q_here/continues.json" ||
        read -r q_end <"$q_here/stopped.json"
then
    q_status=${q_end#*'"status": '} q_status=${q_status%%,*}
else
    read -r q_group q_attempt q_started q_line <"$q_base/.job-group" || { now; q_started=$q_now; }
    if [ -n "$q_stopped" ]; then leave stopped.json; else leave completion.json; fi
fi 2>/dev/null
q_continues=
[ ! -s "$q_base/.job-continues" ] || q_continues=yes
eval "$q_requeue"
clear
[ -z "$q_sandbox" ] || tidy
exit "$q_status"
