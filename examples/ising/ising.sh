# Compile ising.c into the storage directory, which keeps what was run, and run it.
set -eu
folder=${QANAT_STORAGE_PATH:-.}
cc -O2 -std=c11 -Wall -o "$folder/ising" ising.c -lm
exec "$folder/ising" "$@"
