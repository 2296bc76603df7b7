# The folder of a job on a machine that does not see the project: the code is unpacked here, and `out` goes back.
q_sandbox=$PWD
unpack() { [ ! -e "$1" ] || tar -xzf "$1" -C code.new; }
# HTCondor transfers no links to folders, and waits forever for a pipe.
tidy() {
    command find out ! -type f ! -type d | while IFS= read -r q_name; do
        if [ -f "$q_name" ]; then continue; fi
        rm -f "$q_name"
        echo "qanat: ${q_name#out/} is not in the results: only files and folders can be transferred" >>out/stderr.txt
    done
}
case $1 in
--keep | /*) ;;
*)
    mkdir -p out code.new
    : >>out/stdout.txt >>out/stderr.txt
    { unpack "$q_archive" && unpack inputs.tar.gz && mv code.new code; } 2>>out/stderr.txt
    q_before=0
    while read -r q_name q_end q_line; do
        case $q_name in NumJobStarts) q_before=$q_line ;; esac
    done <"${_CONDOR_JOB_AD:-/dev/null}"
    set -- "$q_sandbox/out" "$(($2 + q_before))" "$3"
    ;;
esac
