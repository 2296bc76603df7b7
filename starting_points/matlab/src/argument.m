function value = argument(name, default)
% Return the value after an option among the arguments; an empty default means that it must be there.
given = strsplit(getenv('FIT_ARGUMENTS'), sprintf('\n'));
place = find(strcmp(given, name), 1);
if ~isempty(place) && place < numel(given)
  value = given{place + 1};
elseif ~isempty(default)
  value = default;
else
  error('missing: %s', name);
end
end
