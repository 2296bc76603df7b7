#!/bin/sh
# Count the words of a text that have at least --least letters.
# qanat adds --storage_path, the folder for results, and --dataset_path, the data.
set -eu

least=1
while [ $# -gt 0 ]; do
  case $1 in
    --least) least=$2; shift 2 ;;
    --storage_path) results=$2; shift 2 ;;
    --dataset_path) text=$2; shift 2 ;;
    *) echo "count.sh: unknown argument: $1" >&2; exit 2 ;;
  esac
done

tr -cs 'A-Za-z' '\n' <"$text" | tr 'A-Z' 'a-z' | grep . |
  awk -v least="$least" 'length($0) >= least' >"$results/words.txt" || true
echo "50%" >"$results/progress.txt"

# A curve: how many words there are of each length.
awk '{ n[length($0)]++ }
  END { for (i = 1; i <= 20; i++) if (i in n) printf "{\"step\": %d, \"words_of_length\": %d}\n", i, n[i] }' \
  "$results/words.txt" >"$results/metrics.jsonl"

# Numbers for tables and comparisons.
printf '{"words": %d, "different": %d}\n' \
  "$(wc -l <"$results/words.txt")" "$(sort -u "$results/words.txt" | wc -l)" >"$results/metrics.json"
echo "finished" >>"$results/progress.txt"
echo "$(wc -l <"$results/words.txt") words with at least $least letters"
