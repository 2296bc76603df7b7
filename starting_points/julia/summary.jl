# List the groups of a run, the best first. An action gets --storage_path, the folder of the run.

using Printf

folder = ARGS[findfirst(==("--storage_path"), ARGS) + 1]
found = Tuple{Float64, String}[]
for (place, _, files) in walkdir(folder)
    "metrics.json" in files || continue
    text = read(joinpath(place, "metrics.json"), String)
    push!(found, (parse(Float64, match(r"\"test_loss\": *([-+.0-9e]+)", text)[1]), basename(place)))
end
println("test loss")
open(joinpath(folder, "summary.txt"), "w") do file
    for (loss, name) in sort(found), out in (stdout, file)
        @printf(out, "%.4f  %s\n", loss, name)
    end
end
