% Fit a polynomial to points, by gradient descent; fit.sh starts this.
% qanat adds --storage_path, the folder for results, and --dataset_path, the data.
% This is the common subset of MATLAB and GNU Octave.
degree = str2double(argument('--degree', '3'));
lr = str2double(argument('--lr', '0.3'));
steps = str2double(argument('--steps', '200'));
rand('twister', str2double(argument('--seed', '0')));
results = argument('--storage_path', '');
points = dlmread(argument('--dataset_path', ''), ',', 1, 0);

[~, order] = sort(rand(size(points, 1), 1));
chosen = order(1:40);
others = order(41:end);
powers = bsxfun(@power, points(:, 1), 0:degree);
weights = zeros(degree + 1, 1);
loss = @(weights, rows) mean((powers(rows, :) * weights - points(rows, 2)) .^ 2);

progress = fopen(fullfile(results, 'progress.txt'), 'w');
curves = fopen(fullfile(results, 'metrics.jsonl'), 'w');
fprintf(progress, 'count_total=%d\n', steps);
for step = 1:steps
  errors = powers(chosen, :) * weights - points(chosen, 2);
  weights = weights - lr * 2 * (powers(chosen, :)' * errors) / numel(chosen);
  if mod(step, 10) == 0 || step == steps
    fprintf(curves, '{"step": %d, "train_loss": %.8g, "test_loss": %.8g}\n', step, loss(weights, chosen), loss(weights, others));
  end
  fprintf(progress, '1\n');
end
fclose(progress);
fclose(curves);

file = fopen(fullfile(results, 'metrics.json'), 'w');
fprintf(file, '{"train_loss": %.8g, "test_loss": %.8g}\n', loss(weights, chosen), loss(weights, others));
fclose(file);
dlmwrite(fullfile(results, 'fit.csv'), [points, powers * weights]);
fprintf('degree %d: test loss %.4f\n', degree, loss(weights, others));
