#!/bin/sh
# Run the iris example in a fresh project of its own, demo/iris: once plain, once over groups and a range.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
PATH="$here/.venv/bin:$PATH"
export PATH

show() {
    printf '\n$'
    for word; do
        case $word in
        *' '*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

rm -rf "$here/demo/iris"
mkdir -p "$here/demo"
cp -R "$here/examples/iris" "$here/demo/iris"
cd "$here/demo/iris"
git init -q
if ! git config user.email >/dev/null; then
    git config user.name "qanat demo"
    git config user.email demo@example.org
fi
git add --all
git commit -q -m "The iris example"

show qanat init --yes
show qanat dataset new data/iris.yaml --commit
show qanat experiment new experiments_details/summary_statistics_iris.yaml --commit
show qanat run summary_iris
show qanat run summary_iris -g "--nbins 10" -g "--nbins 20" -R "--seed 0 3 1" -j 2
show qanat experiment status summary_iris

printf '\nThis project is demo/iris. To use qanat there: . .venv/bin/activate && cd demo/iris\n'
