#!/bin/sh
# Check that a tag is the version of the tree, and that the changelog has a part for it: sh ci/check-tag.sh v0.2.0
set -eu
tag=$1
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' qanat/__init__.py)
if [ "$tag" != "v$version" ]; then
  echo "the tag is $tag, but qanat/__init__.py says $version" >&2
  exit 1
fi
if ! grep -q "^## $version (" CHANGELOG.md; then
  echo "CHANGELOG.md has no part for $version" >&2
  exit 1
fi
