# List the groups of a run, the best first. An action gets --storage_path, the folder of the run.

given <- commandArgs(trailingOnly = TRUE)
folder <- given[match("--storage_path", given) + 1]
files <- list.files(folder, pattern = "^metrics\\.json$", recursive = TRUE, full.names = TRUE)
loss <- function(file) as.numeric(sub('.*"test_loss": *([-+.0-9e]+).*', "\\1", readLines(file)[1]))
losses <- vapply(files, loss, numeric(1))
table <- data.frame(test_loss = losses, group = basename(dirname(files)))[order(losses), ]
print(table, row.names = FALSE)
write.csv(table, file.path(folder, "summary.csv"), row.names = FALSE)
