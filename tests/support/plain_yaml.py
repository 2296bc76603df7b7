"""YAML as another reader than qanat's sees it."""

from __future__ import annotations

import yaml


class TextTimestampLoader(yaml.SafeLoader):
    """Load YAML with timestamps left as the strings they are in the file."""


TextTimestampLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
