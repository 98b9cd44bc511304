"""An example article on a separate origin, with the appeal embedded as other sites embed it.

`./dev run` starts it in its own process, so it needs only the standard library.
"""

from sandbox.article.server import ArticleServer

__all__ = ["ArticleServer"]
