"""The project's repository: the only package that talks to git, through libgit2 (pygit2) and git itself.

Whatever touches the user's files, filters, hooks or index is left to git. Whatever only adds objects and moves a
branch goes through the object database, which takes milliseconds in a repository of any size.
"""
