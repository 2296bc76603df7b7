#!/bin/sh
# Install a wheel with all extras in a new environment, outside of the checkout, and try what the README begins with:
# sh ci/try-wheel.sh python3.12 dist/qanat-0.2.0-py3-none-any.whl. A warning is an error.
set -eu
python=$1 wheel=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
"$python" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  "${wheel}[htcondor,mlflow,notify,plot,prov,ro-crate,templates,testing,wandb]"
env/bin/python -m pip check
export HOME="$folder" PATH="$folder/env/bin:$PATH" PYTHONWARNINGS=error GIT_CONFIG_NOSYSTEM=1
git config --global user.name Ada
git config --global user.email ada@example.org
set -x
python --version
qanat --version
test -s env/share/man/man1/qanat-run.1
bash -c '. env/share/bash-completion/completions/qanat && complete -p qanat'

qanat init --template minimal --yes words
cd words
qanat run count --least 5
qanat run count -R "--least 3 6" -j 2
qanat runs --json | python -m json.tool >/dev/null
qanat compare 1 2 --plot least words --output "$folder/plot.png"
qanat report --out "$folder/report.html"
qanat export 1 --format ro-crate --output "$folder/crate"
qanat validate
python -c 'import qanat; assert [run.state for run in qanat.open(".").runs()] == ["finished"] * 2'
cd ..

mkdir own
cd own
git init --quiet
printf '%s\n' 'import argparse, json, pathlib' 'parser = argparse.ArgumentParser()' \
  'parser.add_argument("--lr", type=float, default=0.1, help="learning rate")' \
  'parser.add_argument("--storage_path", required=True)' 'options = parser.parse_args()' \
  'pathlib.Path(options.storage_path, "metrics.json").write_text(json.dumps({"loss": options.lr}))' >train.py
git add train.py
git commit --quiet --message program
qanat init --yes
qanat experiment new train.py --yes --commit
qanat run train --lr 0.1
qanat run train -R "--lr 0.1,0.01" -j 2
qanat status
qanat hooks install
qanat validate
