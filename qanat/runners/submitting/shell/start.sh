q_notes=$1 q_here=$2 q_workdir=$3 q_program=$4
shift 3
exec 2>>"$q_here/stderr.txt"
: >"$q_notes/.job-note"
cd "$q_workdir" || { echo directory >"$q_notes/.job-failed"; exit 126; }
failed() {
    case $1 in 126|127) echo start >"$q_notes/.job-failed" ;; esac
    case $1$q_program in 127*/*) ;; 127*) echo "qanat: PATH is ${PATH-not set}" >&2 ;; esac
    exit "$1"
}
if [ -n "${BASH_VERSION:-}" ]; then shopt -s execfail; else trap 'failed $?' EXIT; fi
echo "$$" >"$q_notes/.job-pid"
exec "$@" >>"$q_here/stdout.txt"
failed $?
