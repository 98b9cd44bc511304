"""An article of the invented newsroom, on an origin of its own, with the appeal in it as other sites hold it.

For `./dev run`, which starts it in its own process: nothing of it needs more than the standard library.
"""

from sandbox.article.server import ArticleServer

__all__ = ["ArticleServer"]
