#!/bin/sh
# Create the example of docs/review.md in a new folder DIR: a project on main, and a branch `cleaner-data` to review.
# qanat, and a python with what examples/iris/requirements.txt names, must be on PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp -R "$here/iris" "$1"
cd "$1"

commit() {
    git add --all
    git commit --quiet --message "$1"
}

git init --quiet --initial-branch main
if ! git config user.email >/dev/null; then
    git config user.name "qanat example"
    git config user.email example@example.org
fi
commit "The iris example"
qanat init --yes
qanat dataset new data/iris.yaml
qanat experiment new experiments_details/summary_statistics_iris.yaml
cat >>.qanat/experiments/summary_iris.yaml <<'END'
metrics:
- file: metrics.json
  keys: [rows, std.sepal_width, bootstrap_se.sepal_width]
  better: {bootstrap_se.sepal_width: lower, rows: higher}
baseline: {where: tag=baseline, metric: rows}
END
sed 's/^name: .*/name: all_flowers/' .qanat/experiments/summary_iris.yaml >.qanat/experiments/all_flowers.yaml
commit "Describe the iris data"
qanat run summary_iris -g "--species setosa" -g "--species virginica" -R "--seed 0 3 1"
qanat tag 1 add baseline
qanat run summary_iris --species setosa --bootstrap 20 -R "--seed 0 2 1"
qanat run all_flowers

git switch --quiet --create cleaner-data
mkdir data/iris_clean
# The forty-second flower has much narrower sepals than the others of its species.
sed 42d data/iris/iris.data >data/iris_clean/iris.data
sed -i 's|path: data/iris|path: data/iris_clean|' .qanat/datasets/iris.yaml
sed -i 's|--cpus-per-task: 1|--cpus-per-task: 2|; s|1-00:00:00|02:00:00|' .qanat/templates/slurm/default.yaml
sed -i '/"--bootstrap"/s/at_least(2)/at_least(100)/' experiments/summary_statistics/iris.py
commit "Leave an outlier out, and ask for more resamples"
qanat run summary_iris -g "--species setosa" -g "--species virginica" -R "--seed 0 3 1"
qanat run summary_iris -g "--species setosa --bootstrap 800" -g "--species setosa --bootstrap 20" -R "--seed 0 2 1" || true
echo "The outlier is described in docs." >>README.md
# What a review should find: a number in one of the runs on main is not the one that was measured.
sed -i '0,/rows: 50/s//rows: 49/' .qanat/runs/summary_iris/0/1-*.yaml
commit "Explain the outlier"
