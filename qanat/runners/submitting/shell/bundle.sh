q_look_s=5 q_kill_s=10
# A group belongs to the first keeper that creates its file.
claim() {
    [ "$q_workers" -gt 1 ] || return 0
    set -C
    { true >"$q_base/claim-$1"; } 2>/dev/null
    set -- $?
    set +C
    return "$1"
}
is_cancelled() { [ -e "$q_cancelled_groups" ] && grep -qs "^$q_intent $1 " "$q_cancelled_groups"; }
# Run what is left of the job's groups, unless the job is stopped, or its first shell is gone.
run_groups() {
    . "$q_commands/jobs-$(($3 / 100)).sh"
    for q_next in $q_groups; do
        if is_stopped || ! kill -0 "$PPID" 2>/dev/null; then break; fi
        claim "$q_next" || continue
        q_here=$q_folder${q_several:+/group_$q_next}
        if [ ! -s "$q_here/completion.json" ] && ! is_cancelled "$q_next"; then
            run_attempts "$q_here" 1 "$q_next"
            for q_name in pid failed cause group; do true >"$q_notes/.job-$q_name"; done
        fi
        # The job ends as a program would, for a scheduler that starts another job only if this one has succeeded.
        { read -r q_line <"$q_here/completion.json" || q_line=; } 2>/dev/null
        case $q_line in *'"status": 0, "by": "exit"'*) ;; *) true >"$q_base/claim-failed" ;; esac
    done
}
# Find out whether qanat, and not the scheduler, has ended the program.
attribute() {
    read -r q_name q_line q_why <"$q_notes/.job-cause" && [ "$q_name" = "$q_group" ] || return
    q_by=$q_why q_end=completion.json
    kill_processes
} 2>/dev/null
kill_processes() {
    for q_name in $(grep -lszxF "QANAT_JOB=$q_intent:$q_group" /proc/[0-9]*/environ); do
        q_name=${q_name#/proc/}
        kill -s KILL "${q_name%/environ}"
    done
} 2>/dev/null
create_directories() {
    . "$q_commands/jobs-$(($3 / 100)).sh"
    set --
    for q_name in $q_groups; do
        [ -d "$q_folder${q_several:+/group_$q_name}" ] || set -- "$@" "$q_folder${q_several:+/group_$q_name}"
        if [ "$#" -eq 50 ]; then mkdir -p "$@"; set --; fi
    done
    [ "$#" -eq 0 ] || mkdir -p "$@"
}
# End single groups that are cancelled, or run for too long, while the others go on.
watch() {
    trap 'kill "$q_sleep"; exit' TERM
    trap : HUP INT QUIT USR1 USR2 ALRM XCPU CONT
    while kill -0 "$$"; do
        q_pause=$q_look_s q_number=0
        [ "${q_limit_s:-$q_pause}" -ge "$q_pause" ] || q_pause=$q_limit_s
        while [ "$((q_number += 1))" -le "$q_workers" ]; do check "$q_base/$q_number"; done
        sleep "$q_pause" &
        q_sleep=$!
        wait "$q_sleep"
    done
} 2>/dev/null
check() {
    read -r q_group q_attempt q_started q_since <"$1/.job-group" && read -r q_pid <"$1/.job-pid" || return
    read -r q_up q_line </proc/uptime
    q_up=${q_up%.*}
    if read -r q_name q_line q_why <"$1/.job-cause" && [ "$q_name" = "$q_group" ]; then
        [ "$((q_up - q_line))" -lt "$q_kill_s" ] || kill_processes
        return
    fi
    q_why=
    if [ -n "$q_limit_s" ]; then
        q_left=$((q_since + q_limit_s - q_up))
        if [ "$q_left" -le 0 ]; then q_why="time limit of $q_limit"; elif [ "$q_left" -lt "$q_pause" ]; then q_pause=$q_left; fi
    fi
    if is_cancelled "$q_group"; then q_why=cancelled; fi
    [ -n "$q_why" ] || return
    echo "$q_group $q_up $q_why" >"$1/.job-cause"
    kill -s TERM "$q_pid"
}
# Arguments: those of the script.
run_bundle() {
    rm -f "$q_base"/claim-*
    create_directories "$@"
    watch &
    q_watch=$! q_again=yes
    while [ -n "$q_again" ]; do
        q_keepers= q_passing= q_again= q_count=0
        while [ "$((q_count += 1))" -le "$q_workers" ]; do
            q_number=/$q_count
            [ -d "$q_base$q_number" ] || mkdir "$q_base$q_number"
            clear
            start_keeper "$@"
        done
        wait_for_keepers
        q_pending=
        for q_name in $q_keepers; do end_for "${q_name#*:}"; done
    done
    kill "$q_watch"
    q_status=0
    [ ! -e "$q_base/claim-failed" ] || q_status=1
    [ -z "$q_stopped" ] || q_status=143
    rm -f "$q_base"/claim-* "$q_base"/.job-* "$q_base"/*/.job-*
    rmdir "$q_base"/* "$q_base"
    exit "$q_status"
} 2>/dev/null
# End the group of a keeper that was killed; another keeper goes on.
end_for() {
    read -r q_group q_attempt q_started q_line <"$q_base$1/.job-group" || return
    q_here=$q_folder${q_several:+/group_$q_group} q_notes=$q_base$1 q_status=137
    kill_processes
    [ -n "$q_stopped" ] || q_again=yes
    if [ -s "$q_here/completion.json" ] || [ -s "$q_here/stopped.json" ]; then return; fi
    if [ -n "$q_stopped" ]; then leave stopped.json; else leave completion.json; fi
}
