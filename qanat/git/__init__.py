"""The project's repository: the only folder that knows git, through libgit2 (pygit2) and git itself.

What touches the user's files, filters, hooks or index is left to git; what only adds objects and moves a
branch goes through the object database, which takes milliseconds in a repository of any size.
"""
