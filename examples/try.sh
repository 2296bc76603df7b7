#!/bin/sh
# Run the commands of an example's README in a fresh project of its own, demo/NAME: sh examples/try.sh NAME
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
name=$1
PATH="$here/.venv/bin:$PATH"
export PATH

commands=$(sed -n 's/^\$ //p' "$here/examples/$name/README.md")
rm -rf "$here/demo/$name"
mkdir -p "$here/demo"
cp -R "$here/examples/$name" "$here/demo/$name"
cd "$here/demo/$name"
git init -q
if ! git config user.email >/dev/null; then
    git config user.name "qanat demo"
    git config user.email demo@example.org
fi
git add --all
git commit -q -m "The example $name"

printf '%s\n' "$commands" | while read -r command; do
    printf '\n$ %s\n' "$command"
    sh -ec "$command" </dev/null
done

printf '\nThis project is demo/%s. To use qanat there: . .venv/bin/activate && cd demo/%s\n' "$name" "$name"
