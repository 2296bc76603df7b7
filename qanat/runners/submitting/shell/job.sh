now() { q_now=$(date -u +%Y-%m-%dT%H:%M:%S.%3N); case $q_now in *N) q_now=${q_now%.*} ;; esac; echo "$q_now+00:00"; }
leave() {
    [ ! -h "$q_here" ] || return
    read -r q_host </proc/sys/kernel/hostname || q_host=$(uname -n)
    printf '{"attempt": %d, "status": %d, "by": "%s", "started": "%s", "ended": "%s", "host": "%s"}\n' \
        "$q_attempt" "$q_status" "$q_by" "$q_started" "$(now)" "$q_host" >"$q_here/.$1.$$" &&
        mv -f "$q_here/.$1.$$" "$q_here/$1"
} 2>/dev/null
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
clear() { for q_name in pid note failed stopping pipe; do set -- "$@" "$q_here/.job-$q_name"; done; rm -f "$@"; }
if [ "$1" = --keep ]; then
    q_here=$2 q_attempt=$3 q_started=$4 q_pipe=$5 q_by=exit q_stopped=
    shift 5
    trap : HUP INT QUIT USR1 USR2 ALRM XCPU CONT
    trap 'q_stopped=yes' TERM
    /bin/sh -c "$q_start" qanat "$q_here" "$q_workdir" "$@" </dev/null 5>&-
    q_status=$?
    [ "$q_status" != 143 ] || sleep 1
    case $q_status in
    126|127) [ ! -s "$q_here/.job-failed" ] || read -r q_by <"$q_here/.job-failed" ;;
    130|141) q_by='exit or signal' ;;
    *) [ "$q_status" -le 128 ] || [ ! -s "$q_here/.job-note" ] || q_by=signal ;;
    esac
    if [ -n "$q_stopped" ] || [ -e "$q_here/.job-stopping" ]; then leave stopped.json; else leave completion.json; fi
    [ -z "$q_pipe" ] || echo end >&5
    exit "$q_status"
fi
q_here=$1 q_attempt=$2 q_by= q_stopped= q_pending= q_keeper= q_pid= q_info= q_pipe=
started() {
    [ -n "${BASH_VERSION:-}" ] && read -r q_line <"/proc/$1/cmdline" || return 0
    case $q_line in *q_workdir=*) return 1 ;; esac
} 2>/dev/null
pass() {
    if [ -z "$q_keeper" ]; then q_pending="$q_pending $1"; return; fi
    q_turns=0
    until [ -n "$q_pid" ] || [ "$((q_turns += 1))" -gt 100000 ] || ! kill -0 "$q_keeper" 2>/dev/null; do
        if [ -s "$q_here/.job-pid" ] && read -r q_new <"$q_here/.job-pid" && started "$q_new"; then q_pid=$q_new; fi
    done
    [ -z "$q_pid" ] || kill -s "$1" "$q_pid" 2>/dev/null
}
stop() { q_stopped=yes; { : >"$q_here/.job-stopping"; } 2>/dev/null; pass "$1"; }
# The scheduler signals the program, too, once there is one.
stop_all() { q_stopped=yes; [ -n "$q_keeper" ] && [ -s "$q_here/.job-pid" ] || pass "$1"; }
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
QANAT_GROUP=$3 QANAT_JOB=$q_intent:$3 QANAT_STORAGE_PATH=$q_here
export QANAT_RUN QANAT_GROUP QANAT_JOB QANAT_STORAGE_PATH
if grep -qs "^$q_intent $3 " "$q_cancelled"; then exit 0; fi
q_started=$(now)
[ -d "$q_here" ] || mkdir -p "$q_here"
echo "$q_started" >>"$q_here/starts"
q_attempt=$((q_attempt + $(wc -l <"$q_here/starts") - 1))
clear "$q_here/completion.json" "$q_here/stopped.json" "$q_here/machine.txt"
describe 2>/dev/null >"$q_here/machine.txt"
. "$q_commands/$(($3 / 100)).sh"
[ -z "$q_info" ] || printf '%s' "$q_info" >"$q_here/group_info.yaml"
q_status=143
if [ -z "$q_stopped" ]; then
    if [ -n "${BASH_VERSION:-}" ] && mkfifo "$q_here/.job-pipe" && exec 5<>"$q_here/.job-pipe"; then q_pipe=yes; fi
    (
        [ -z "${BASH_VERSION:-}" ] || trap - INT QUIT
        exec $q_env /bin/sh "$0" --keep "$q_here" "$q_attempt" "$q_started" "$q_pipe" "$@"
    ) 2>"$q_here/.job-note" &
    q_keeper=$!
    for q_name in $q_pending; do pass "$q_name"; done
    if [ -n "$q_pipe" ]; then
        while kill -0 "$q_keeper" && ! read -t 5 -r q_name <&5; do :; done 2>/dev/null
    fi
    while kill -0 "$q_keeper" 2>/dev/null; do wait "$q_keeper"; q_status=$?; done
fi
if read -r q_end <"$q_here/completion.json" || read -r q_end <"$q_here/stopped.json"; then
    q_status=${q_end#*'"status": '} q_status=${q_status%%,*}
elif [ -n "$q_stopped" ]; then
    leave stopped.json
else
    leave completion.json
fi 2>/dev/null
clear
exit "$q_status"
