# Fit a polynomial to points, by gradient descent.
# qanat adds --storage_path, the folder for results, and --dataset_path, the data.

using DelimitedFiles, Printf, Random

function option(name, default = nothing)
    place = findfirst(==(name), ARGS)
    place !== nothing && place < length(ARGS) && return ARGS[place + 1]
    default === nothing && error("missing: $name")
    return default
end

powers(x, degree) = [value^power for value in x, power in 0:degree]
loss(weights, x, y) = sum(abs2, x * weights - y) / length(y)

function main()
    degree = parse(Int, option("--degree", "3"))
    lr = parse(Float64, option("--lr", "0.3"))
    steps = parse(Int, option("--steps", "200"))
    seed = parse(Int, option("--seed", "0"))
    results = option("--storage_path")
    points = readdlm(option("--dataset_path"), ',', Float64; skipstart = 1)

    order = shuffle(MersenneTwister(seed), 1:size(points, 1))
    chosen, others = order[1:40], order[41:end]
    train, test = powers(points[chosen, 1], degree), powers(points[others, 1], degree)
    weights = zeros(degree + 1)
    losses() = (loss(weights, train, points[chosen, 2]), loss(weights, test, points[others, 2]))

    open(joinpath(results, "progress.txt"), "w") do progress
        open(joinpath(results, "metrics.jsonl"), "w") do curves
            println(progress, "count_total=", steps)
            for step in 1:steps
                errors = train * weights - points[chosen, 2]
                weights -= lr * 2 * (train' * errors) / length(chosen)
                if step % 10 == 0 || step == steps
                    @printf(curves, "{\"step\": %d, \"train_loss\": %.8g, \"test_loss\": %.8g}\n", step, losses()...)
                    flush(curves)
                end
                println(progress, 1)
                flush(progress)
            end
        end
    end
    open(joinpath(results, "metrics.json"), "w") do file
        @printf(file, "{\"train_loss\": %.8g, \"test_loss\": %.8g}\n", losses()...)
    end
    writedlm(joinpath(results, "fit.csv"), [points[:, 1] points[:, 2] powers(points[:, 1], degree) * weights], ',')
    @printf("degree %d: test loss %.4f\n", degree, losses()[2])
end

main()
