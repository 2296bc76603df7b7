#!/bin/sh
# Write down the ten most frequent words of a run, or of each of its groups.
set -eu
[ "$1" = --storage_path ] || { echo "frequent.sh: --storage_path is missing" >&2; exit 2; }

find "$2" -name words.txt | sort | while read -r words; do
  sort "$words" | uniq -c | sort -k1,1nr -k2 | head -n 10 >"$(dirname "$words")/frequent.txt"
  echo "$(dirname "$words")/frequent.txt"
done
