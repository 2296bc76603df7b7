# Also the step in which some shells compare the times of files (-nt).
q_settle_s=1
up() { read -r q_up q_line </proc/uptime && q_up=${q_up%.*}${q_up#*.} || q_up=0; } 2>/dev/null
# Before a program starts: what tells later whether it has written its flag.
before_program() {
    QANAT_CHECKPOINT=$q_here/checkpoint
    export QANAT_CHECKPOINT
    [ -d "$QANAT_CHECKPOINT" ] || mkdir -p "$QANAT_CHECKPOINT"
    rm -f "$q_notes/.job-flag"
    [ -z "$q_flag" ] || [ ! -e "$q_here/$q_flag" ] || touch -r "$q_here/$q_flag" "$q_notes/.job-flag"
    up
    q_begun=$q_up
}
asks_for_more() {
    [ "$q_by" != exit ] || [ "$q_status" != "$q_code" ] || return 0
    [ -n "$q_flag" ] && [ -f "$q_here/$q_flag" ] || return 1
    [ ! -e "$q_notes/.job-flag" ] || [ "$q_here/$q_flag" -nt "$q_notes/.job-flag" ]
}
is_revoked() { if [ -n "$q_workers" ]; then is_cancelled "$1"; else grep -qs "^$q_intent $1 " "$q_cancelled"; fi; }
# After a program: in q_continues, where its group continues. An attempt of a second is not worth being queued.
decide() {
    up
    if ! asks_for_more; then
        return
    elif [ "$q_starts" -ge "$q_attempts" ]; then
        q_by=attempts
        return
    fi
    sleep "$q_settle_s"
    if is_stopped; then q_end=stopped.json; fi
    if is_revoked "$q_group"; then
        q_end=stopped.json
        return
    elif [ -z "$q_requeue" ] || [ -n "$q_workers" ] || [ "$((q_up - q_begun))" -lt 100 ]; then
        q_continues=here
    else
        q_continues=later
    fi
    [ "$q_end" = stopped.json ] || q_end=continues.json
}
# Arguments: those of run_group.
run_attempts() {
    run_group "$@"
    while [ "$q_continues" = here ] && ! is_stopped; do
        rm -f "$q_notes/.job-pid"
        run_group "$@"
    done
}
