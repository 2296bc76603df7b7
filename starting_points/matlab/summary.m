% List the groups of a run, the best first; summary.sh starts this. An action gets --storage_path, the folder of the run.
folder = argument('--storage_path', '');
names = dir(fullfile(folder, 'group_*'));
names = [{'.'}, {names.name}];
losses = [];
found = {};
for i = 1:numel(names)
  file = fullfile(folder, names{i}, 'metrics.json');
  if exist(file, 'file')
    loss = regexp(fileread(file), '"test_loss": *([-+.0-9e]+)', 'tokens', 'once');
    losses(end + 1) = str2double(loss{1});
    found{end + 1} = names{i};
  end
end
[losses, order] = sort(losses);
file = fopen(fullfile(folder, 'summary.txt'), 'w');
fprintf('test loss\n');
for i = 1:numel(order)
  fprintf('%.4f  %s\n', losses(i), found{order(i)});
  fprintf(file, '%.4f  %s\n', losses(i), found{order(i)});
end
fclose(file);
