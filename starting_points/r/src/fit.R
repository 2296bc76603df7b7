# Fit a polynomial to points, by gradient descent.
# qanat adds --storage_path, the folder for results, and --dataset_path, the data.

given <- commandArgs(trailingOnly = TRUE)
option <- function(name, default = NULL) {
  place <- match(name, given)
  if (!is.na(place) && place < length(given)) return(given[place + 1])
  if (is.null(default)) stop(paste("missing:", name))
  default
}
degree <- as.integer(option("--degree", 3))
lr <- as.numeric(option("--lr", 0.3))
steps <- as.integer(option("--steps", 200))
set.seed(as.integer(option("--seed", 0)))
results <- option("--storage_path")
points <- read.csv(option("--dataset_path"))

chosen <- sample(nrow(points), 40)
powers <- function(x) outer(x, 0:degree, "^")
train <- powers(points$x[chosen])
test <- powers(points$x[-chosen])
loss <- function(weights, x, y) mean((x %*% weights - y)^2)
json <- function(...) {
  values <- c(...)
  paste0("{", paste0('"', names(values), '": ', format(values, digits = 8, trim = TRUE), collapse = ", "), "}\n")
}

weights <- numeric(degree + 1)
add <- function(text, file) cat(text, file = file.path(results, file), append = TRUE)
add(paste0("count_total=", steps, "\n"), "progress.txt")
for (step in seq_len(steps)) {
  errors <- train %*% weights - points$y[chosen]
  weights <- weights - lr * 2 * crossprod(train, errors) / length(chosen)
  losses <- c(train_loss = loss(weights, train, points$y[chosen]), test_loss = loss(weights, test, points$y[-chosen]))
  if (step %% 10 == 0 || step == steps) add(json(step = step, losses), "metrics.jsonl")
  add("1\n", "progress.txt")
}
cat(json(losses), file = file.path(results, "metrics.json"))

svg(file.path(results, "fit.svg"), width = 6, height = 4)
plot(points, pch = 16, main = paste("degree", degree))
grid <- seq(-1, 1, length.out = 100)
lines(grid, powers(grid) %*% weights, col = "blue", lwd = 2)
invisible(dev.off())
cat("degree ", degree, ": test loss ", format(losses[["test_loss"]], digits = 4), "\n", sep = "")
