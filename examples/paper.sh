#!/bin/sh
# Build the paper of examples/paper in a fresh project of its own, demo/paper, and show that a change makes it stale.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
PATH="$here/.venv/bin:$PATH"
export PATH

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

rm -rf "$here/demo/paper"
mkdir -p "$here/demo"
cp -R "$here/examples/paper" "$here/demo/paper"
cd "$here/demo/paper"
git init -q
if ! git config user.email >/dev/null; then
    git config user.name "qanat demo"
    git config user.email demo@example.org
fi
printf '%s\n' '/paper/paper.pdf' '/paper/*.aux' '/paper/*.log' '/paper/built.md' >.gitignore
git add --all
git commit -q -m "The example of a paper"
paper=pendulum
command -v pdflatex >/dev/null || paper=pendulum_md

show qanat init --yes
show qanat experiment new documents/swing.yaml --commit
show qanat document new "documents/$paper.yaml" --commit
if test "$paper" = pendulum; then show qanat document sty paper; fi
show qanat document compile "$paper" --dry-run
show qanat document compile "$paper"
if test "$paper" = pendulum_md; then
    show qanat document check --write
    show qanat document compile "$paper"
fi
git add --all
git commit -q -m "Build the paper"
show qanat document status
sed 's/default=1.0/default=2.0/' swing.py >swing.new
mv swing.new swing.py
show qanat document status

printf '\nThe paper is in demo/paper/paper. To use qanat there: . .venv/bin/activate && cd demo/paper\n'
