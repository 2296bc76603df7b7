#!/bin/sh
# Start fit.m with MATLAB or, where there is none, with GNU Octave. It finds its arguments in FIT_ARGUMENTS, one a line.
FIT_ARGUMENTS=$(printf '%s\n' "$@")
MATLABPATH=src
export FIT_ARGUMENTS MATLABPATH
if command -v matlab >/dev/null; then exec matlab -batch fit; fi
exec octave-cli --quiet --no-init-file --path src src/fit.m
