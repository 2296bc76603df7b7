"""Facts and rules of experiments and runs; standard library only, no file, no clock but `times`, no git."""
