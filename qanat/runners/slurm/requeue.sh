if [ -n "$q_continues" ]; then
    q_job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
    q_job=${q_job:-$SLURM_JOB_ID} q_line=0
    if [ -z "$q_stopped" ] || scontrol show job "$q_job" | grep -q '[ ]Reason=TimeLimit[ ]'; then
        scontrol requeue "$q_job" || q_line=$?
    fi
    # A signal that ends scontrol is Slurm's own, which then requeues the job.
    if [ -z "$q_stopped" ] && [ "$q_line" -gt 0 ] && [ "$q_line" -lt 128 ]; then
        q_by=requeue
        read -r q_group q_attempt q_started q_name <"$q_base/.job-group"
        rm -f "$q_here/continues.json"
        leave completion.json
    fi
fi
